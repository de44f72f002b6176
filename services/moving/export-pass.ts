import type { Image } from "./image.ts";
import type { Progress } from "./progress.ts";
import type { Source } from "./source.ts";

/** One run that brings an image up to date. */
export interface ExportPass {
  readonly source: Source;
  readonly image: Image;
  readonly generation: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}
