import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { proxyHeader } from "#platform/testing/proxy-header.ts";
import { storeMigrations } from "../modules.ts";
import { type Stack, startStack } from "../testing/stack.ts";
import { userModule } from "../user/module.ts";
import { authModule } from "./module.ts";

let stack: Stack;
afterEach(() => stack.stop());

const start = async (settings: Record<string, string>) => {
  const limits = { PARLEY_LIMIT_REGISTERS_PER_HOUR: "1" };
  stack = await startStack({ ...limits, ...settings }, { modules: [authModule, userModule], storeMigrations });
};

/** What the proxy between writes of a client. */
interface Told {
  readonly headers?: Record<string, string>;
  readonly ahead?: Buffer;
}

const tell: Record<string, (client: string) => Told> = {
  "x-forwarded-for": (client) => ({ headers: { "x-forwarded-for": `198.51.100.1, ${client}` } }),
  forwarded: (client) => ({ headers: { forwarded: `for=198.51.100.1, for="${bracketed(client)}"` } }),
  "proxy-v2": (client) => ({ ahead: proxyHeader({ source: client }) }),
};

const bracketed = (address: string) => (address.includes(":") ? `[${address}]:50123` : address);

/** Registers somebody; resolves with the HTTP status. */
async function register({ headers = {}, ahead }: Told): Promise<number> {
  const { hostname, port } = new URL(stack.url);
  const dial = (): Socket => {
    const socket = connect(Number(port), hostname);
    if (ahead) socket.write(ahead);
    return socket;
  };
  const id = uuidv7();
  const person = { handle: `h${id.replaceAll("-", "").slice(-16)}`, password: "12345678" };
  const call = request(`${stack.url}/parley.auth.v1.AuthService/Register`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    createConnection: dial,
  });
  call.end(JSON.stringify({ clientId: id, device: { id: crypto.randomUUID(), name: "x" }, ...person }));
  const [response] = await once(call, "response");
  response.destroy();
  return response.statusCode;
}

test.each(Object.keys(tell))(
  "behind a proxy that writes %s, limits by address are each client's own",
  async (header) => {
    await start({ PARLEY_TRUSTED_PROXIES: "10.0.0.0/8,loopback", PARLEY_PROXY_HEADER: header });
    const statuses: number[] = [];
    for (const client of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]) {
      statuses.push(await register(tell[header]?.(client) ?? {}));
    }
    expect(statuses).toEqual([200, 429, 200, 200, 429, 200]);
  },
);

test.each(["x-forwarded-for", "forwarded"])("who is no trusted proxy changes nothing by %s", async (header) => {
  await start({ PARLEY_TRUSTED_PROXIES: "10.0.0.0/8", PARLEY_PROXY_HEADER: header });
  expect(await register(tell[header]?.("192.0.2.1") ?? {})).toBe(200);
  expect(await register(tell[header]?.("192.0.2.2") ?? {})).toBe(429);
});
