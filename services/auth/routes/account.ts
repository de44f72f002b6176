import { callingUser } from "#platform/rpc/identity.ts";
import { addressesOf } from "../contacts.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";

export function accountRoutes({ accounts }: Pick<AuthDeps, "accounts">): Pick<AuthRoutes, "getAccount"> {
  return {
    async getAccount(_request, context) {
      const { userId } = callingUser(context);
      const account = await accounts.read(userId);
      if (!account) throw authErrors.ACCOUNT_NOT_FOUND();
      const contacts = await Promise.all(
        addressesOf(account).map(async (address) => ({
          address,
          verified: (await accounts.contactOwner(address)) === userId,
        })),
      );
      return { userId, handle: account.handle, contacts };
    },
  };
}
