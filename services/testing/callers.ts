import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { AuthService, type Session } from "#gen/parley/auth/v1/auth_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";

/** Those who call a server. */
export interface Callers {
  /** A typed client over HTTP/2, gRPC unless told; with a token, its calls carry it. */
  client<Service extends DescService>(service: Service, options?: ClientOptions): Client<Service>;
  /** A client that shows the operator key. */
  operator<Service extends DescService>(service: Service): Client<Service>;
  /** A new account with a signed-in device. */
  registerUser(handle: string): Promise<TestUser>;
}

export interface ClientOptions {
  readonly protocol?: "grpc" | "grpc-web" | "connect" | "connect-json";
  readonly httpVersion?: "1.1" | "2";
  readonly token?: string;
}

export interface TestUser {
  readonly userId: string;
  readonly deviceId: string;
  readonly token: string;
  readonly session: Session;
  client<Service extends DescService>(service: Service, options?: ClientOptions): Client<Service>;
}

/** Those who call the server at `url`. */
export function callersOf(url: string, operatorKey = () => ""): Callers {
  const client: Callers["client"] = (service, options = {}) => createClient(service, openTransport(url, options));
  return {
    client,
    operator: (service) => client(service, { token: operatorKey() }),
    registerUser: (handle) => registerUser(client, handle),
  };
}

async function registerUser(client: Callers["client"], handle: string): Promise<TestUser> {
  const deviceId = crypto.randomUUID();
  const { session } = await client(AuthService).register({
    clientId: uuidv7(),
    device: { id: deviceId, name: "test" },
    handle,
    password: `password of ${handle}`,
  });
  if (!session) throw new Error("registered without a session");
  const token = session.accessToken;
  return {
    userId: session.userId,
    deviceId,
    token,
    session,
    client: (service, options) => client(service, { token, ...options }),
  };
}

function openTransport(baseUrl: string, { protocol = "grpc", httpVersion = "2", token }: ClientOptions): Transport {
  const authorize: Interceptor = (next) => (request) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const common = { baseUrl, interceptors: [authorize], idleConnectionTimeoutMs: 1_000 };
  if (protocol === "grpc") return createGrpcTransport(common);
  const options = { ...common, httpVersion };
  if (protocol === "grpc-web") return createGrpcWebTransport(options);
  return createConnectTransport({ ...options, useBinaryFormat: protocol === "connect" });
}
