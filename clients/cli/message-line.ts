import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Content, Message } from "@parley/sdk";
import type { Paint } from "./terminal/paint.ts";
import { plainLine, plainText } from "./terminal/plain.ts";

/** What a message says, safe to print. */
export function textOf(content: Content | undefined): string {
  if (!content) return "";
  const files = content.attachments.map(
    ({ fileName, mediaId }) => `[file ${plainLine(fileName)} · ${plainLine(mediaId)}]`,
  );
  return [plainText(content.text), ...files].filter((part) => part !== "").join(" ");
}

/** A message on one line, for pipes and plain output: "2026-11-21 10:31 marvin: Life." */
export function messageLine(message: Message, name: string, paint: Paint): string {
  const time = formatTime(message.time ? timestampDate(message.time) : new Date(0));
  const said = message.deleted ? paint("dim", "(deleted)") : textOf(message.content).replaceAll("\n", "\n    ");
  const edited = message.editedAt ? paint("dim", " (edited)") : "";
  return `${paint("dim", time)} ${speaker(message.content, name, paint)}${said}${edited}`;
}

/** "marvin: " before what somebody says, "* marvin " before what somebody does. */
export function speaker(content: Content | undefined, name: string, paint: Paint): string {
  return content?.action ? `* ${paint("bold", name)} ` : `${paint("bold", name)}: `;
}

/** Local date and time to the minute. */
export function formatTime(time: Date): string {
  return `${formatDay(time)} ${formatClock(time)}`;
}

export function formatDay(time: Date): string {
  return [time.getFullYear(), time.getMonth() + 1, time.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

export function formatClock(time: Date): string {
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}
