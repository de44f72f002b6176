import type { OutgoingHttpHeaders } from "node:http";
import { type ClientHttp2Stream, constants } from "node:http2";
import type { DescField, DescMethod, DescService } from "@bufbuild/protobuf";
import { traceClientCall } from "#platform/telemetry/traced-transport.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import type { CallContext } from "../calls/call-context.ts";
import type { ForwardedRoute } from "../calls/calls.ts";
import { platformErrors } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import type { PeerConnections } from "../peers/connections.ts";
import { peerHeaders, writeIdentity, writeKey } from "../peers/peer-proof.ts";
import { Allowance } from "../port/allowance.ts";
import { envelopeBytes } from "../protocols/envelopes.ts";
import { gatherBody } from "../protocols/gather-body.ts";
import type { ReadLimits } from "../protocols/wire.ts";
import { passBody } from "./pass-body.ts";
import { passedRequest } from "./passed-headers.ts";
import { Relay } from "./relay.ts";
import { readRequestField } from "./request-field.ts";
import { timeoutHeader } from "./timeouts.ts";

/** Calls that are told to be over, a second, and at once. Ports cut connections that break off more of them. */
const cancels = { perSecond: 25, atOnce: 500 };
/**
 * How often a call is made in all, where the other process says that it did not look at it, or is gone before it answers:
 * calls carry client ids, so that making them again is safe.
 */
const maxTries = 3;

export interface ForwardingOptions {
  /** Those that another process runs. */
  readonly services: readonly DescService[];
  /**
   * Connections to a process that runs the method's service, best to the owner of what the request names; undefined: none
   * does now.
   */
  readonly reach: (method: DescMethod, name: string | undefined) => PeerConnections | undefined;
  /** The string field by which a method's request names what has an owner; absent or undefined: any process will do. */
  readonly nameOf?: (method: DescMethod) => DescField | undefined;
  readonly key: Uint8Array;
}

/**
 * Routes of the methods that another process answers. Who calls is verified here; the request and its answer are passed
 * on as bytes, in whichever protocol they are.
 */
export function forwardingRoutes(options: ForwardingOptions, tracing?: Tracing): ForwardedRoute[] {
  const forwarder = new Forwarder(options, tracing);
  return options.services.flatMap(({ methods }) =>
    methods.map((method) => ({
      method,
      name: `${method.parent.typeName}/${method.name}`,
      pass: tracing
        ? (exchange, context, limits) =>
            traceClientCall(tracing, method, () => forwarder.pass(method, exchange, context, limits))
        : (exchange, context, limits) => forwarder.pass(method, exchange, context, limits),
    })),
  );
}

class Forwarder {
  readonly #reach: ForwardingOptions["reach"];
  readonly #nameOf: ForwardingOptions["nameOf"];
  readonly #key: string;
  readonly #cancels = new Allowance();
  readonly #tracing: Tracing | undefined;

  constructor({ reach, nameOf, key }: ForwardingOptions, tracing: Tracing | undefined) {
    this.#tracing = tracing;
    this.#reach = reach;
    this.#nameOf = nameOf;
    this.#key = writeKey(key);
  }

  async pass(method: DescMethod, exchange: Exchange, context: CallContext, limits: ReadLimits): Promise<void> {
    const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
    const body = streams ? undefined : await context.untilAborted(bodyOf(exchange, limits));
    const isUnary = method.methodKind === "unary";
    const field = this.#nameOf?.(method);
    const name = field && body && readRequestField(field, exchange, body);
    const head = this.#headOf(exchange, context);
    for (let tries = 1; ; tries++) {
      // An owner that did not answer may be one no more.
      const connections = this.#reach(method, tries === 1 ? name : undefined);
      if (!connections) throw platformErrors.PEER_UNREACHABLE({ message: `no process runs ${method.parent.typeName}` });
      const upstream = await this.#open(connections, head, body?.length === 0, context);
      if (!body) passBody(exchange.body, upstream);
      else if (body.length > 0) upstream.end(body);
      const relay = new Relay(exchange, upstream, isUnary);
      try {
        return await context.untilAborted(relay.done);
      } catch (error) {
        if (body && (relay.wasRefused || relay.wasLost) && tries < maxTries) continue;
        this.#cancel(upstream, isUnary);
        relay.fail(error);
        throw error;
      }
    }
  }

  #headOf(exchange: Exchange, context: CallContext): OutgoingHttpHeaders {
    const { values } = context;
    const head = passedRequest(exchange, {
      [peerHeaders.key]: this.#key,
      [peerHeaders.identity]: writeIdentity(values.get(identityKey)),
      [peerHeaders.clientAddress]: values.get(clientAddressKey),
    });
    this.#tracing?.active()?.writeTo((name, value) => {
      head[name] = value;
    });
    return Object.assign(head, timeoutHeader(context));
  }

  /** Begins the call, once there is a connection for it. Where its caller leaves before, it is given up as it comes. */
  async #open(
    connections: PeerConnections,
    head: OutgoingHttpHeaders,
    endStream: boolean,
    context: CallContext,
  ): Promise<ClientHttp2Stream> {
    const begun = connections.request(head, { endStream });
    if (!("then" in begun)) return begun;
    try {
      return await context.untilAborted(begun);
    } catch (error) {
      begun.then((upstream) => this.#cancel(upstream, true), ignore);
      throw error;
    }
  }

  /** One that ends by itself may be left to it: breaking off too many would cost the connection. */
  #cancel(upstream: ClientHttp2Stream, endsItself: boolean): void {
    const isAllowed = this.#cancels.take(cancels.atOnce, cancels.perSecond);
    if (isAllowed || !endsItself) upstream.close(constants.NGHTTP2_CANCEL);
    else upstream.on("error", ignore).resume();
  }
}

async function bodyOf(exchange: Exchange, limits: ReadLimits): Promise<Buffer> {
  if (exchange.method === "GET") return nothing;
  return await gatherBody(exchange.body, envelopeBytes + limits.maxMessageBytes, limits);
}

const nothing = Buffer.alloc(0);

function ignore(): void {}
