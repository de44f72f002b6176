import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { Auth } from "#gen/parley/options/v1/options_pb.js";
import type { UserId } from "#platform/runtime/ids.ts";
import { boundedBody, maxPublicBytes } from "./bounded-body.ts";
import { platformErrors } from "./errors.ts";
import { identityKey } from "./identity.ts";
import type { PolicyOf } from "./method-policy.ts";
import { timelyBody } from "./timely-body.ts";

/** Most bytes of unfinished bodies that are held for one user, over all calls and connections. */
export const maxUserBodyBytes = 16 * 1024 * 1024;
/** How long a user beyond that stays away. */
const bodyRetryMs = 1_000;

type Body = UniversalServerRequest["body"];

/** Bounds the body of a call: in bytes, in time and, together with the user's other calls, in memory. */
export type BoundBody = (method: DescMethod, body: Body, values: ContextValues) => Body;

export function createBodyBounds(policyOf: PolicyOf, maxUserBytes = maxUserBodyBytes): BoundBody {
  const held = new Map<UserId, number>();
  const hold = (user: UserId, bytes: number) => {
    const sum = (held.get(user) ?? 0) + bytes;
    if (sum > maxUserBytes) {
      throw platformErrors.RATE_LIMITED({ message: "too many requests are unfinished", retryAfterMs: bodyRetryMs });
    }
    if (sum === 0) held.delete(user);
    else held.set(user, sum);
  };

  /** Who calls is known once the first byte is asked for: callers are verified before. */
  async function* heldBody(body: AsyncIterable<Uint8Array>, values: ContextValues): AsyncIterable<Uint8Array> {
    const identity = values.get(identityKey);
    if (identity.kind !== "user") return yield* body;
    let bytes = 0;
    try {
      for await (const chunk of body) {
        hold(identity.userId, chunk.length);
        bytes += chunk.length;
        yield chunk;
      }
    } finally {
      hold(identity.userId, -bytes);
    }
  }

  return (method, body, values) => {
    if (policyOf(method).auth === Auth.PUBLIC) return timelyBody(method, boundedBody(body, maxPublicBytes));
    const timely = timelyBody(method, body);
    const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
    if (streams || typeof timely !== "object" || timely === null || !(Symbol.asyncIterator in timely)) return timely;
    return heldBody(timely, values);
  };
}
