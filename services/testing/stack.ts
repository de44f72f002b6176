import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { AuthService, type Session } from "#gen/parley/auth/v1/auth_pb.js";
import { readConfig } from "#platform/runtime/config.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { Boot } from "#platform/runtime/module.ts";
import { type ServerParts, startServer } from "../server.ts";

/** A real server on a free port, with its data in a temporary folder. */
export interface Stack {
  readonly url: string;
  readonly dataDir: string;
  readonly boot: Boot;
  /** A typed client over HTTP/2, gRPC unless told; with a token, its calls carry it. */
  client<Service extends DescService>(service: Service, options?: ClientOptions): Client<Service>;
  /** A new account with a signed-in device. */
  registerUser(handle: string): Promise<TestUser>;
  /** Stops the server and removes its data. Stopping twice is harmless. */
  stop(): Promise<void>;
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

/** Limits out of the way of tests that are not about them. */
const generous = {
  PARLEY_LISTEN: "127.0.0.1:0",
  PARLEY_LOG_LEVEL: "silent",
  PARLEY_SHARDS: "4",
  PARLEY_LIMIT_CALLS_PER_MINUTE: "0",
  PARLEY_LIMIT_REGISTERS_PER_HOUR: "0",
  PARLEY_LIMIT_LOGINS_PER_MINUTE: "0",
  PARLEY_LIMIT_SEARCHES_PER_MINUTE: "0",
};

/**
 * Starts a server with the given settings on top of the generous ones. With `PARLEY_DATA` given, the folder is the
 * caller's and outlives the stack.
 */
export async function startStack(settings: Record<string, string> = {}, parts?: ServerParts): Promise<Stack> {
  const ownDir = settings.PARLEY_DATA ? undefined : mkdtempSync(join(tmpdir(), "parley-stack-"));
  const dataDir = settings.PARLEY_DATA ?? String(ownDir);
  const server = await startServer(readConfig({ ...generous, PARLEY_DATA: dataDir, ...settings }), parts);
  return {
    ...callersOf(server.url),
    url: server.url,
    dataDir,
    boot: server.boot,
    async stop() {
      await server.stop();
      if (ownDir) rmSync(ownDir, { recursive: true, force: true });
    },
  };
}

/** Those who call the server at `url`. */
export function callersOf(url: string): Pick<Stack, "client" | "registerUser"> {
  const client: Stack["client"] = (service, options = {}) => createClient(service, openTransport(url, options));
  return { client, registerUser: (handle) => registerUser(client, handle) };
}

async function registerUser(client: Stack["client"], handle: string): Promise<TestUser> {
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
