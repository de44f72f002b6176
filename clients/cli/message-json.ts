import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Content, Message } from "@parley/sdk";

/** A message as programs read it: one JSON object a line. */
export interface MessageJson {
  readonly conversation: string;
  readonly seq: string;
  readonly time: string;
  readonly author: string;
  readonly name: string;
  readonly text: string;
  readonly action?: true;
  readonly edited?: true;
  readonly deleted?: true;
  readonly files?: readonly { readonly id: string; readonly name: string; readonly size: number }[];
}

export function messageJson(message: Message, name: string): MessageJson {
  return {
    conversation: message.conversationId,
    seq: String(message.seq),
    time: (message.time ? timestampDate(message.time) : new Date(0)).toISOString(),
    author: message.authorId,
    name,
    ...contentJson(message.content),
    ...(message.editedAt ? { edited: true } : {}),
    ...(message.deleted ? { deleted: true } : {}),
  };
}

export function contentJson(content: Content | undefined): Pick<MessageJson, "text" | "action" | "files"> {
  const files = content?.attachments.map(({ mediaId, fileName, size }) => ({
    id: mediaId,
    name: fileName,
    size: Number(size),
  }));
  return {
    text: content?.text ?? "",
    ...(content?.action ? { action: true } : {}),
    ...(files && files.length > 0 ? { files } : {}),
  };
}
