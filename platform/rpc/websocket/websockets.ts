import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { DescMethod } from "@bufbuild/protobuf";
import { Gauge, type Registry } from "prom-client";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { AddressOf, Exchange } from "../exchange/exchange.ts";
import type { OpenLimit } from "../port/open-limit.ts";
import { envelopeBytes } from "../protocols/envelopes.ts";
import { closeCodes } from "./close-codes.ts";
import { readHeaders, untilFirstMessage } from "./first-message.ts";
import { createKeepalive } from "./keepalive.ts";
import { chooseSubprotocol } from "./subprotocols.ts";
import { refusalOf, refuseUpgrade, stoppingRefusal, tooManyRefusal } from "./upgrade-refusal.ts";
import { WebSocketExchange } from "./websocket-exchange.ts";
import { maxFragments, maxPendingPongs, maxPieces, type WebSocketLimits } from "./websocket-limits.ts";
import { requestOf } from "./websocket-request.ts";

export interface WebSocketsOptions {
  readonly methods: readonly DescMethod[];
  readonly allowedOrigins: readonly string[];
  /** Largest message that a method reads; a message of the WebSocket holds it and its envelope. */
  readonly maxMessageBytes: (method: DescMethod) => number;
  readonly limits: WebSocketLimits;
  /** WebSockets of each client address that carry no call yet, which would count itself. Absent: not limited. */
  readonly unspoken?: OpenLimit;
  readonly metrics: Registry;
  /** Answers a call. */
  readonly onExchange: (exchange: Exchange) => void;
}

/** Serves the methods that stream over WebSocket: one WebSocket carries one call. */
export interface WebSockets {
  /** Takes a request for a WebSocket from the HTTP/1.1 side of the port. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, addressOf: AddressOf): void;
  /** Refuses every later request, and closes what ends with "going away". */
  refuse(): void;
}

export function createWebSockets(options: WebSocketsOptions): WebSockets {
  const { limits, allowedOrigins, metrics } = options;
  const methods = methodsOf(options);
  const rules = { allowedOrigins, streams: (path: string) => methods.get(path)?.streams };
  const keepalive = createKeepalive(limits);
  const open = new Gauge({ name: "parley_websockets", help: "WebSockets that are open.", registers: [metrics] });
  /** Those that did not send a first message yet. */
  const waiting = new Set<WebSocket>();
  let stopping = false;
  const isStopping = () => stopping;
  const enter = ({ socket, headers }: IncomingMessage, addressOf: AddressOf) =>
    options.unspoken ? options.unspoken.enter(addressOf(socket.remoteAddress ?? "", headers)) : ignore;

  // Apart from `begin`, so that what is kept of a WebSocket does not keep the request that opened it.
  const watch = (webSocket: WebSocket) => {
    open.inc();
    waiting.add(webSocket);
    webSocket.on("error", ignore);
    webSocket.once("close", () => {
      open.dec();
      waiting.delete(webSocket);
    });
    return keepalive.watch(webSocket);
  };

  const begin = (webSocket: WebSocket, request: IncomingMessage, addressOf: AddressOf, onBegun: () => void) => {
    const pulse = watch(webSocket);
    untilFirstMessage(webSocket, request.socket, (text) => {
      const headers = readHeaders(text);
      if (!headers) return webSocket.close(closeCodes.refused, "the first message is no JSON object of strings");
      pulse.begin();
      waiting.delete(webSocket);
      onBegun();
      const call = requestOf(request, webSocket.protocol, headers, addressOf);
      options.onExchange(new WebSocketExchange(webSocket, request.socket, call, isStopping));
    });
  };

  return {
    upgrade(request, socket, head, addressOf) {
      const refusal = stopping ? stoppingRefusal : refusalOf(request, rules);
      if (refusal) return refuseUpgrade(socket, refusal);
      const leave = enter(request, addressOf);
      if (!leave) return refuseUpgrade(socket, tooManyRefusal);
      socket.once("close", leave);
      const server = methods.get(request.url ?? "")?.server;
      server?.handleUpgrade(request, socket, head, (webSocket) => begin(webSocket, request, addressOf, leave));
    },
    refuse() {
      stopping = true;
      for (const webSocket of waiting) webSocket.close(closeCodes.goingAway);
    },
  };
}

interface Served {
  readonly streams: boolean;
  /** Does the handshake, with limits for the method. */
  readonly server: WebSocketServer;
}

/** By path. */
function methodsOf({ methods, maxMessageBytes, limits }: WebSocketsOptions): ReadonlyMap<string, Served> {
  const servers = new Map<number, WebSocketServer>();
  return new Map(
    methods.map((method) => {
      const bytes = maxMessageBytes(method);
      const server = servers.get(bytes) ?? createServer(bytes, limits.headersMs);
      servers.set(bytes, server);
      return [`/${method.parent.typeName}/${method.name}`, { streams: method.methodKind !== "unary", server }];
    }),
  );
}

/** With what the types of `ws` do not know yet. */
interface Options extends ServerOptions {
  readonly closeTimeout: number;
  readonly maxPendingAutoPongs: number;
}

function createServer(maxMessageBytes: number, closeTimeout: number): WebSocketServer {
  const options: Options = {
    noServer: true,
    clientTracking: false,
    // Buffers are shared by many sockets, and compressed once where that pays.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes + envelopeBytes,
    maxFragments,
    maxBufferedChunks: maxPieces,
    maxPendingAutoPongs: maxPendingPongs,
    closeTimeout,
    handleProtocols: (offered) => chooseSubprotocol(offered) ?? false,
  };
  return new WebSocketServer(options);
}

function ignore(): void {}
