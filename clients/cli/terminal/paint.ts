import { styleText } from "node:util";
import type { Io } from "./io.ts";

export type Style = Parameters<typeof styleText>[0];

/** Colours text where its reader is a terminal and NO_COLOR is not set. */
export type Paint = (style: Style, text: string) => string;

/** Paints what goes to `stream`. */
export function createPaint(stream: Io["stdout"], env: Io["env"]): Paint {
  const colours = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  return (style, text) => (colours && text !== "" ? styleText(style, text, { validateStream: false }) : text);
}
