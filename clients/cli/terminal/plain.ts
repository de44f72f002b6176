import { stripVTControlCharacters } from "node:util";

/** Characters that move the cursor, hide text or turn its direction, beyond escape sequences. */
export const unprintable = /[^\P{Cc}\t\n]|[\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/**
 * Text of other people as a terminal may show it: without escape sequences and control characters, which could rewrite
 * the screen, set its title or forge lines. Line breaks and tabs stay.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replaceAll("\r", "\n").replace(unprintable, "");
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plainText(text)
    .replaceAll(/\s*\n\s*/gu, " ")
    .replaceAll("\t", " ")
    .trim();
}
