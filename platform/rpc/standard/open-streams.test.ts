import { expect, test } from "vitest";
import { platformErrors } from "../errors.ts";
import { limitOpen } from "./open-streams.ts";

const refused = { reason: platformErrors.RATE_LIMITED.reason, retryable: true };

async function* endless() {
  for (;;) yield "still here";
}

/** Opens streams of addresses, each of which is refused or tells that it is open. */
function opening(max: number, maxPerAddress: number) {
  const limited = limitOpen(max, maxPerAddress);
  return async (address: string) => {
    const stream = limited(endless(), address)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toBe("still here");
    return stream;
  };
}

test("streams beyond the bound are refused until one ends", async () => {
  const open = opening(2, 2);
  const first = await open("192.0.2.1");
  await open("192.0.2.2");
  await expect(open("192.0.2.3")).rejects.toMatchObject(refused);
  await first.return?.();
  await open("192.0.2.3");
});

test("one address does not keep others out, whatever it asks for", async () => {
  const open = opening(3, 2);
  const first = await open("192.0.2.1");
  await open("192.0.2.1");
  for (let count = 0; count < 5; count++) await expect(open("192.0.2.1")).rejects.toMatchObject(refused);
  await open("192.0.2.2");
  await first.return?.();
  await open("192.0.2.1");
});
