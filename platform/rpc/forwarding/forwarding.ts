import { type ClientHttp2Stream, constants } from "node:http2";
import type { DescService } from "@bufbuild/protobuf";
import type { CallContext } from "../calls/call-context.ts";
import type { ForwardedRoute } from "../calls/calls.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import type { PeerConnections } from "../peers/connections.ts";
import { peerHeaders, writeIdentity, writeKey } from "../peers/peer-proof.ts";
import { passedRequest } from "./passed-headers.ts";
import { Relay } from "./relay.ts";
import { timeoutHeader } from "./timeouts.ts";

export interface ForwardingOptions {
  /** Those that another process runs. */
  readonly services: readonly DescService[];
  readonly connections: PeerConnections;
  readonly key: Uint8Array;
}

/**
 * Routes of the methods that another process answers. Who calls is verified here; the request and its answer are passed
 * on as bytes, in whichever protocol they are.
 */
export function forwardingRoutes({ services, connections, key }: ForwardingOptions): ForwardedRoute[] {
  const proof = { [peerHeaders.key]: writeKey(key) };
  const pass = async (exchange: Exchange, context: CallContext): Promise<void> => {
    const { values } = context;
    const added = {
      ...proof,
      [peerHeaders.identity]: writeIdentity(values.get(identityKey)),
      [peerHeaders.clientAddress]: values.get(clientAddressKey),
      ...timeoutHeader(context),
    };
    const head = passedRequest(exchange, added);
    const begun = connections.request(head, exchange.method === "GET" ? withoutBody : undefined);
    const upstream = "then" in begun ? await opened(begun, context) : begun;
    const relay = new Relay(exchange, upstream);
    try {
      await context.untilAborted(relay.done);
    } catch (error) {
      relay.fail(error);
      throw error;
    }
  };
  return services.flatMap(({ methods }) =>
    methods.map((method) => ({ method, name: `${method.parent.typeName}/${method.name}`, pass })),
  );
}

const withoutBody = { endStream: true };

/** The call, once there is a connection for it. Where its caller leaves before, it is given up as it comes. */
async function opened(begun: Promise<ClientHttp2Stream>, context: CallContext): Promise<ClientHttp2Stream> {
  try {
    return await context.untilAborted(begun);
  } catch (error) {
    begun.then(
      (stream) => stream.close(constants.NGHTTP2_CANCEL),
      () => {},
    );
    throw error;
  }
}
