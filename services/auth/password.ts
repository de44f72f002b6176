import { randomBytes } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { authErrors } from "./errors.ts";
import { createGate, type GateOptions } from "./gate.ts";

/** Argon2id, the smallest that OWASP advises: 19 MiB, two passes, one lane. About 30 ms of one core. */
const cost = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** Passwords computed at once; each holds 19 MiB and one of the four threads that file and name lookups need too. */
export const maxHashing = 2;
/** Calls that may wait for their turn: some seconds of work. More are told HASHING_BUSY. */
export const maxHashesWaiting = 64;

/** Hashes and checks passwords, few at once. Every method may throw HASHING_BUSY, or the reason of the signal. */
export interface Passwords {
  /** The hash in PHC format, with a salt of its own. */
  hash(password: string, signal: AbortSignal): Promise<string>;
  /**
   * Index of the first of the hashes that the password fits, or undefined. Where none fits, it takes as long as
   * checking `tries` hashes, however few were given: the time tells nobody how many there are.
   */
  firstMatch(
    password: string,
    hashes: readonly string[],
    tries: number,
    signal: AbortSignal,
  ): Promise<number | undefined>;
}

export async function createPasswords(
  limits: Pick<GateOptions, "atOnce" | "waiting"> = { atOnce: maxHashing, waiting: maxHashesWaiting },
): Promise<Passwords> {
  const gate = createGate({ ...limits, refusal: () => authErrors.HASHING_BUSY() });
  const dummy = await hash(randomBytes(16), cost);

  async function match(password: string, hashes: readonly string[], tries: number): Promise<number | undefined> {
    for (let index = 0; index < Math.max(tries, hashes.length); index++) {
      const candidate = hashes[index];
      const fits = await verify(candidate ?? dummy, password);
      if (fits && candidate !== undefined) return index;
    }
    return undefined;
  }

  return {
    hash: (password, signal) => gate.run(() => hash(normal(password), cost), signal),
    firstMatch: (password, hashes, tries, signal) => gate.run(() => match(normal(password), hashes, tries), signal),
  };
}

/** Keyboards differ in how they compose letters (RFC 8265, section 4.2.2). */
function normal(password: string): string {
  return password.normalize("NFC");
}
