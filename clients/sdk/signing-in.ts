import type { Client } from "@connectrpc/connect";
import type { AuthService, Session } from "./contract.ts";
import { isSignedOut } from "./errors.ts";

/** What a person logs in with: one of them. */
export type Identifier = { readonly handle: string } | { readonly phone: string } | { readonly email: string };

/** A new account: a password, and at least one of handle, phone and email. */
export interface NewAccount {
  readonly handle?: string;
  readonly phone?: string;
  readonly email?: string;
  /** 8 to 256 characters. */
  readonly password: string;
  /** Name shown to others; the handle where it is not set. */
  readonly displayName?: string;
}

/** Coming and going. The device keeps its id, its outbox and its places through all of it. */
export interface SigningIn {
  register(account: NewAccount): Promise<void>;
  logIn(identifier: Identifier, password: string): Promise<void>;
  /** Adopts a session that the application's server issued. */
  adoptSession(session: Session): Promise<void>;
  /** Ends the session, here even where the server can't be reached. */
  logOut(): Promise<void>;
}

export interface SigningInOptions {
  readonly auth: Client<typeof AuthService>;
  readonly device: { readonly id: string; readonly name: string };
  adopt(session: Session | undefined): Promise<void>;
}

export function createSigningIn({ auth, device, adopt }: SigningInOptions): SigningIn {
  return {
    async register(account) {
      const { session } = await auth.register({ device, ...account });
      await adopt(session);
    },
    async logIn(identifier, password) {
      const { session } = await auth.logIn({ device, identifier: { kind: kindOf(identifier) }, password });
      await adopt(session);
    },
    adoptSession: adopt,
    async logOut() {
      try {
        await auth.logOut({});
      } catch (error) {
        if (!isSignedOut(error)) throw error;
      } finally {
        await adopt(undefined);
      }
    },
  };
}

function kindOf(identifier: Identifier) {
  if ("handle" in identifier) return { case: "handle" as const, value: identifier.handle };
  if ("phone" in identifier) return { case: "phone" as const, value: identifier.phone };
  return { case: "email" as const, value: identifier.email };
}
