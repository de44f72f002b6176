import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { attachmentOf } from "@parley/sdk";
import type { CommandDefinition } from "../context.ts";
import { openConversation } from "../lookup.ts";
import { plainLine } from "../terminal/plain.ts";
import { createProgress } from "../terminal/progress.ts";
import { acknowledged } from "./send.ts";

export const uploadCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("upload <to> <file>")
    .summary("send a file")
    .description("Sends a file of up to 10 MiB, with an optional text, and prints its id.")
    .option("--text <text>", "what to say with it", "")
    .option("--type <type>", "media type (default: by the file's name)")
    .addHelpText("after", "\nExample:\n  $ parley upload marvin cat.png --text 'Look at this.'")
    .action(async (to: string, path: string, options: { readonly text: string; readonly type?: string }) => {
      const context = contextOf();
      const data = await readFile(path);
      await context.withSession(async (parley, addresses) => {
        const { conversationId } = await openConversation(parley, to, addresses);
        const file = {
          fileName: basename(path),
          contentType: options.type ?? typeOf(path),
          data: Uint8Array.from(data),
        };
        const progress = createProgress(context.io, plainLine(file.fileName));
        const transfer = { onProgress: progress.update, signal: context.io.signal };
        const media = await parley.media.upload(conversationId, file, transfer).finally(progress.stop);
        const content = { text: options.text, attachments: [attachmentOf(media)] };
        await acknowledged(context, parley.outbox.post(conversationId, content));
        context.io.stdout.write(`${media.mediaId}\n`);
      });
    });
};

const types: Readonly<Record<string, string>> = {
  ".gif": "image/gif",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".mp4": "video/mp4",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".txt": "text/plain",
  ".webp": "image/webp",
  ".zip": "application/zip",
};

function typeOf(path: string): string {
  return types[extname(path).toLowerCase()] ?? "application/octet-stream";
}
