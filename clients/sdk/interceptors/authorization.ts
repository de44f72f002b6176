import { type DescMethod, getOption } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { Auth, auth } from "../../../gen/parley/options/v1/options_pb.js";
import { isReason } from "../errors.ts";
import type { SessionKeeper } from "../session.ts";

/** Where tokens come from. */
export type Tokens = Pick<SessionKeeper, "accessToken" | "refresh" | "discard">;

/** Signs calls with the session's token; a call that comes too late for its token is repeated once with a new one. */
export function sessionInterceptor(session: Tokens): Interceptor {
  return (next) => async (request) => {
    if (isPublic(request.method)) return next(request);
    const token = await session.accessToken();
    request.header.set("Authorization", `Bearer ${token}`);
    try {
      return await next(request);
    } catch (error) {
      if (isReason(error, "platform", "SESSION_REVOKED")) await session.discard(token);
      if (request.stream || !isReason(error, "platform", "TOKEN_EXPIRED")) throw error;
      request.header.set("Authorization", `Bearer ${await session.refresh(token)}`);
      return next(request);
    }
  };
}

/** Signs calls with an operator key. */
export function operatorInterceptor(key: string): Interceptor {
  return (next) => (request) => {
    request.header.set("Authorization", `Bearer ${key}`);
    return next(request);
  };
}

function isPublic(method: DescMethod): boolean {
  return getOption(method, auth) === Auth.PUBLIC;
}
