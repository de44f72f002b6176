import type { PromiseName } from "../evidence.ts";
import type { Patch } from "./patch.ts";

/** A program that breaks a promise, and under which fault it shows. */
export interface Mutant {
  readonly name: string;
  /** What it does wrong. */
  readonly says: string;
  /** The promise that it breaks. */
  readonly promise: PromiseName;
  /** The fault under which it has to be caught. */
  readonly fault: string;
  readonly patches: readonly Patch[];
}
