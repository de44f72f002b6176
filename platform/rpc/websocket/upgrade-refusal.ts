import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { pathOf } from "../exchange/exchange.ts";
import { chooseSubprotocol } from "./subprotocols.ts";

/** Why a WebSocket is not opened, as HTTP has it. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 429 | 503;
  readonly sentence: string;
}

export interface UpgradeRules {
  /** Origins that browsers may open WebSockets from; "*" means any. */
  readonly allowedOrigins: readonly string[];
  /** Whether the method of a path streams; undefined where the path names none. */
  readonly streams: (path: string) => boolean | undefined;
}

/** What is wrong with a request for a WebSocket; undefined: nothing. Whether it is one at all is not asked here. */
export function refusalOf(request: IncomingMessage, { allowedOrigins, streams }: UpgradeRules): Refusal | undefined {
  const { url = "", headers } = request;
  if (!mayCome(headers.origin, headers.host, allowedOrigins)) return refusals.origin;
  if (url.includes("?")) return refusals.query;
  const isStream = streams(pathOf({ url }));
  if (isStream === undefined) return refusals.noMethod;
  if (!isStream) return refusals.unary;
  const offered = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
  return chooseSubprotocol(offered) === undefined ? refusals.subprotocol : undefined;
}

const refusals = {
  origin: { status: 403, sentence: "this origin may not connect" },
  // What stands in an address ends up in logs and histories: a token there would not stay secret.
  query: { status: 400, sentence: "nothing is said in the query: credentials stand in the first message" },
  noMethod: { status: 404, sentence: "no such method" },
  unary: { status: 400, sentence: "only methods that stream are called over WebSocket" },
  subprotocol: { status: 400, sentence: "the subprotocol is parley.connect+proto or parley.connect+json" },
} as const satisfies Record<string, Refusal>;

export const tooManyRefusal: Refusal = { status: 429, sentence: "too many are open from this address" };
export const stoppingRefusal: Refusal = { status: 503, sentence: "the server is stopping" };

/** Only browsers tell an origin. Pages of the server's own may connect, as they may call. */
function mayCome(origin: string | undefined, host: string | undefined, allowedOrigins: readonly string[]): boolean {
  if (origin === undefined || allowedOrigins.includes("*") || allowedOrigins.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Answers a request for a WebSocket and ends its connection. */
export function refuseUpgrade(socket: Duplex, { status, sentence }: Refusal): void {
  const body = `${sentence}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "connection: close",
    "content-type: text/plain; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
