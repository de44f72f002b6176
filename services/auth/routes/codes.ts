import { callingUser } from "#platform/rpc/identity.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";

export function codeRoutes({ codes }: Pick<AuthDeps, "codes">): Pick<AuthRoutes, "requestCode" | "confirmCode"> {
  return {
    async requestCode(request, context) {
      await codes.request(callingUser(context).userId, request.address);
      return {};
    },

    async confirmCode(request, context) {
      await codes.confirm(callingUser(context).userId, request.address, request.code);
      return {};
    },
  };
}
