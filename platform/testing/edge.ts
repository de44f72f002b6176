import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { Registry } from "prom-client";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { createMemoryBudgets, minuteMs } from "#platform/rpc/budgets.ts";
import { type Edge, type EdgeOptions, openEdge } from "#platform/rpc/edge.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { noOpenLimits } from "#platform/rpc/port/connection-limits.ts";
import { portLimits } from "#platform/rpc/port/port-limits.ts";
import { createServed } from "#platform/rpc/served.ts";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { createLogger } from "#platform/runtime/logger.ts";

/** The port alone, with what a test serves on it. */
export interface TestEdge extends Edge {
  readonly metrics: Registry;
  /** What was logged, a record a line. */
  readonly logged: readonly Record<string, unknown>[];
  client<Service extends DescService>(service: Service, options?: TestClientOptions): Client<Service>;
}

export interface TestClientOptions {
  readonly protocol?: (typeof protocols)[number];
  readonly httpVersion?: "1.1" | "2";
  /** "" for none; "operator"; anything else is the id of a user. */
  readonly token?: string;
}

export const protocols = ["grpc", "grpc-web", "connect", "connect-json"] as const;

type Serve = <Service extends DescService>(service: Service, implementation: Partial<ServiceImpl<Service>>) => void;

const noLimits = { callsPerMinute: 0, registersPerHour: 0, loginsPerMinute: 0, searchesPerMinute: 0 };

export async function openTestEdge(
  routes: (serve: Serve) => void,
  overrides: Partial<EdgeOptions["config"]> &
    Partial<Pick<EdgeOptions, "notReady" | "peerKey" | "forwarding" | "tracing" | "budgets">> = {},
): Promise<TestEdge> {
  const { notReady = () => [], tracing, peerKey, forwarding, budgets = createMemoryBudgets(), ...given } = overrides;
  const open = { openLimits: noOpenLimits, portLimits, limits: noLimits };
  const config = { listen: { host: "127.0.0.1", port: 0 }, allowedOrigins: ["*"], ...open, ...given };
  const [served, metrics] = [createServed(), new Registry()];
  const logged: Record<string, unknown>[] = [];
  routes(served.add);
  const edge = await openEdge({
    config,
    callBudget: budgets.create("calls", config.limits.callsPerMinute, minuteMs),
    budgets,
    logger: createLogger("debug", { write: (line) => void logged.push(JSON.parse(line)) }),
    metrics,
    served,
    ...(peerKey ? { peerKey } : {}),
    ...(forwarding ? { forwarding } : {}),
    authenticator: () => testAuthenticator,
    notReady,
    tracing,
  });
  return { ...edge, metrics, logged, client: (service, options) => testClient(edge.url, service, options) };
}

/** Believes every token: this is about what the port does with an identity, not how it is proved. */
const testAuthenticator: Authenticator = {
  async authenticate({ authorization }) {
    const token = authorization?.replace("Bearer ", "");
    if (!token) return { kind: "anonymous" };
    if (token === "forged") throw platformErrors.UNAUTHENTICATED();
    if (token === "operator") return { kind: "operator" };
    return { kind: "user", userId: userId(token), deviceId: deviceId(token), sessionId: sessionId(token) };
  },
  jwks: () => ({ keys: [{ kty: "OKP" }] }),
};

function testClient<Service extends DescService>(
  baseUrl: string,
  service: Service,
  { protocol = "grpc", httpVersion = "2", token = "marvin" }: TestClientOptions = {},
): Client<Service> {
  const authorize: Interceptor = (next) => (request) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const common = { baseUrl, interceptors: [authorize], idleConnectionTimeoutMs: 1_000 };
  if (protocol === "grpc") return createClient(service, createGrpcTransport(common));
  const options = { ...common, httpVersion };
  if (protocol === "grpc-web") return createClient(service, createGrpcWebTransport(options));
  return createClient(service, createConnectTransport({ ...options, useBinaryFormat: protocol === "connect" }));
}
