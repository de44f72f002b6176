import { unprintable } from "./plain.ts";

/**
 * A value as JSON on one line, for programs, and harmless on a terminal: what a terminal might obey is escaped, so nothing
 * is lost. Numbers of events are text: they may be larger than a number of JSON holds exactly.
 */
export function jsonLine(value: object): string {
  const json = JSON.stringify(value, (_, field) => (typeof field === "bigint" ? String(field) : field));
  return json.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
