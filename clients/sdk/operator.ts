import { createClientIds } from "./client-ids.ts";
import { afterInterceptor, createAfterMemory } from "./interceptors/after.ts";
import { operatorInterceptor } from "./interceptors/authorization.ts";
import { clientIdInterceptor } from "./interceptors/client-id.ts";
import { retryInterceptor } from "./interceptors/retry.ts";
import { createServices, type Services } from "./services.ts";
import { type Connect, connectByFetch } from "./transport.ts";

export interface OperatorOptions {
  /** Where the server is, such as "http://127.0.0.1:8080". */
  readonly url: string;
  /** The operator key. It opens every account: keep it on servers. */
  readonly key: string;
  readonly connect?: Connect;
}

/** Clients that speak for the application itself. Changes without a client id are given one. */
export interface Operator extends Services, AsyncDisposable {
  /** The next client id of this operator; ids rise. */
  nextId(): string;
  close(): Promise<void>;
}

/**
 * A client for the application's own servers and tools, signed with the operator key.
 *
 * @example
 * const operator = createOperator({ url, key: await readFile("data/operator.key", "utf8") });
 * const { userIds } = await operator.auth.createAccounts({ accounts: [{ externalId: "7", displayName: "Marvin" }] });
 */
export function createOperator(options: OperatorOptions): Operator {
  const { url, key, connect = connectByFetch } = options;
  const nextId = createClientIds();
  const connection = connect(url, [
    clientIdInterceptor(nextId),
    afterInterceptor(createAfterMemory()),
    retryInterceptor(),
    operatorInterceptor(key.trim()),
  ]);
  const close = async () => connection.close();
  return { ...createServices(connection.transport), nextId, close, [Symbol.asyncDispose]: close };
}
