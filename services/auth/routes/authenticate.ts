import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AuthenticateResponseSchema } from "#gen/parley/auth/v1/auth_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Identity } from "#platform/rpc/identity.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";

export function authenticateRoutes({
  authenticator,
  issuing: { issuer, audience, trusted },
}: Pick<AuthDeps, "authenticator" | "issuing">): Pick<AuthRoutes, "authenticate" | "getSigningKeys"> {
  return {
    async authenticate({ authorization, deviceId }) {
      // Who asks keeps the answer for a while: what is kept here must not add to that.
      const identity = await authenticator.authenticate({ authorization, deviceId: deviceId || undefined }, 0);
      return { identity: shown(identity) };
    },

    async getSigningKeys() {
      return { jwks: JSON.stringify(authenticator.jwks()), issuer, audience, trustedIssuer: trusted?.issuer ?? "" };
    },
  };
}

function shown(identity: Identity): NonNullable<MessageInitShape<typeof AuthenticateResponseSchema>["identity"]> {
  if (identity.kind === "operator") return { case: "operator", value: true };
  if (identity.kind !== "user") throw platformErrors.UNAUTHENTICATED();
  const { userId, deviceId, sessionId } = identity;
  return { case: "user", value: { userId, deviceId, sessionId } };
}
