import type { Readable } from "node:stream";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { platformErrors } from "../errors.ts";
import type { ReadLimits } from "./wire.ts";

/** Reads a whole body of at most `maxBytes`. It rejects with TOO_LARGE, DEADLINE, CANCELLED or what `hold` throws. */
export function gatherBody(
  body: Readable,
  maxBytes: number,
  { timeoutMs, hold }: Pick<ReadLimits, "timeoutMs" | "hold">,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isOver = false;
    const late = () => fail(platformErrors.DEADLINE({ message: "the request did not arrive in time" }));
    const timer = coarseTimers.after(timeoutMs, late);
    const release = () => {
      isOver = true;
      timer.cancel();
      hold(-bytes);
      // The answer may last for days; what is held here would, too.
      body.off("data", take);
      body.off("end", finish);
      body.off("close", leave);
    };
    const fail = (error: unknown) => {
      if (isOver) return;
      release();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      if (bytes + chunk.length > maxBytes) return fail(tooLarge(maxBytes));
      try {
        hold(chunk.length);
      } catch (error) {
        return fail(error);
      }
      bytes += chunk.length;
      chunks.push(chunk);
    };
    const finish = () => {
      if (isOver) return;
      release();
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    };
    const leave = () => {
      if (!isOver) fail(platformErrors.CANCELLED());
    };
    // A body of nothing, or a client, may be gone before somebody listens.
    if (body.readableEnded) return finish();
    if (body.destroyed) return leave();
    body.on("data", take);
    body.once("end", finish);
    body.once("close", leave);
  });
}

export function tooLarge(maxBytes: number) {
  return platformErrors.TOO_LARGE({ message: `more than ${maxBytes} bytes` });
}
