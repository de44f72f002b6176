import { systemClock } from "#platform/runtime/clock.ts";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { type AccessTokens, createAccessTokens } from "../../../services/auth/access-token.ts";

/** Access tokens whose key the benchmark and the servers it starts agree on. */
export function createBenchTokens(): Promise<AccessTokens> {
  const seed = new Uint8Array(32).fill(7);
  return createAccessTokens({ seed, issuer: "bench", audience: "bench", ttlMs: 3_600_000, clock: systemClock });
}

/** The token of somebody. */
export async function mintBenchToken(): Promise<string> {
  const id = "0198c0de-0000-7000-8000-000000000001";
  const subject = { userId: userId(id), sessionId: sessionId(id), deviceId: deviceId(id) };
  return (await (await createBenchTokens()).mint(subject, systemClock())).token;
}
