/**
 * Loaded into each process of an installation under chaos, by `--import`, before the program: lets its levers be pulled
 * while it runs, and makes it a mutant where one is asked for. Production code knows nothing of it; where it changed so
 * that a patch no longer applies, the process ends with a sentence.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { mutantNamed } from "../mutants/mutants.ts";
import { applyPatches } from "../mutants/patch.ts";
import { leverPatches } from "./lever-patches.ts";
import { type Levers, levers } from "./levers.ts";

const pollMs = 50;

const { CHAOS_LEVERS: file = "", CHAOS_MUTANT: mutant = "" } = process.env;
let pulled: Levers = levers.none;
const poll = () => {
  try {
    pulled = levers.parse(readFileSync(file, "utf8"));
  } catch {
    // Nobody has pulled any yet, or one is being written.
  }
};
poll();
setInterval(poll, pollMs).unref();

const RealDate = Date;
class ShiftedDate extends RealDate {
  constructor(...given: readonly (number | string | Date)[]) {
    const [first, ...rest] = given;
    if (first === undefined) super(ShiftedDate.now());
    else if (rest.length === 0) super(first);
    else super(RealDate.UTC(Number(first), Number(rest[0]), ...rest.slice(1).map(Number)));
  }
  static override now(): number {
    return RealDate.now() + pulled.clockMs;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Object.assign(globalThis, {
  Date: ShiftedDate,
  chaos: {
    /** Whether a live record is lost on its way. */
    drops: () => Math.random() < pulled.dropped,
    /** Sends at once; or long after the sender has given up. */
    async late(send: () => Promise<unknown>, patienceMs: number): Promise<unknown> {
      if (pulled.lateMs === 0) return await send();
      setTimeout(() => void send().catch(() => {}), pulled.lateMs);
      await pause(patienceMs);
      throw new Error("held on its way");
    },
  },
});

const patches = [...leverPatches, ...(mutant ? mutantNamed(mutant).patches : [])];
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = patches.filter((patch) => url.endsWith(patch.file));
    if (own.length === 0 || !loaded.source) return loaded;
    return { ...loaded, source: applyPatches(textOf(loaded.source), own) };
  },
});

function textOf(source: string | NodeJS.TypedArray | ArrayBuffer): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}
