import type { Image } from "./image.ts";
import type { Progress } from "./progress.ts";

/** One run that brings a target to what an image holds. */
export interface ImportPass {
  readonly image: Image;
  readonly generation: number;
  readonly incarnation: number;
  readonly shards: number;
  /** Tells this target from others that the image was brought to: what was noted holds of it alone. */
  readonly claim: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What is left of a table, or of the files: what has changed in exports after that one, without the first `written`. */
export interface Part {
  readonly after: number;
  readonly written: number;
}

/** Undefined where nothing is left. */
export function beginPart({ image, claim, generation }: ImportPass, name: string): Part | undefined {
  const noted = image.db.prepare("SELECT * FROM imported WHERE claim = ? AND name = ?").get(claim, name);
  const after = Number(noted?.generation ?? 0);
  const changed = image.db.prepare("SELECT generation FROM change WHERE name = ?").get(name);
  if (noted && Number(changed?.generation ?? 0) <= after) return undefined;
  const written = Number(noted?.upto) === generation ? Number(noted?.written) : 0;
  note(image, [claim, name, after, generation, written]);
  return { after, written };
}

export function notePart({ image, claim }: ImportPass, name: string, written: number): void {
  image.db.prepare("UPDATE imported SET written = ? WHERE claim = ? AND name = ?").run(written, claim, name);
}

/** How far something has come that only ever grows. */
export function notedOf({ image, claim }: ImportPass, name: string): number {
  const noted = image.db.prepare("SELECT written FROM imported WHERE claim = ? AND name = ?").get(claim, name);
  return Number(noted?.written ?? 0);
}

export function noteGrown({ image, claim, generation }: ImportPass, name: string, written: number): void {
  note(image, [claim, name, generation, generation, written]);
}

/** Notes that all up to this export is there. */
export function endPart({ image, claim, generation }: ImportPass, name: string): void {
  note(image, [claim, name, generation, generation, 0]);
}

function note(image: Image, row: readonly (string | number)[]): void {
  image.db.prepare("INSERT OR REPLACE INTO imported VALUES (?, ?, ?, ?, ?)").run(...row);
}
