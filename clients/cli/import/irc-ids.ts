import { createHash } from "node:crypto";

/** What a line can cause, in order. */
export type LinePart = "implied-join" | "event";

/**
 * The client id of what a line of a log causes: the same in each run, so that importing twice changes nothing. Shaped as
 * a UUIDv7 whose milliseconds are the day of the file plus the line's number: ids rise along the log.
 */
export function lineClientId(channel: string, dayMs: number, lineNumber: number, part: LinePart): string {
  const time = (dayMs + lineNumber).toString(16).padStart(12, "0");
  const counter = part === "implied-join" ? "000" : "001";
  const tail = hash(`${channel}\n${dayMs}\n${lineNumber}`).slice(0, 15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-8${tail.slice(0, 3)}-${tail.slice(3)}`;
}

/** A UUID that stands for `name` in each run. */
export function namedId(name: string): string {
  const hex = hash(name);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
