import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { type GetInstallationResponse, PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { createPeerConnections, type PeerConnections } from "#platform/rpc/peers/connections.ts";
import { readPeerKey } from "#platform/rpc/peers/peer-key.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/** How long a process that starts waits for the one that it needs: both may be started at once. */
export const coreStartMs = 30_000;
const retryMs = 200;
const askMs = 5_000;

/** The process that holds the data, as one that stands beside it knows it. */
export interface Core {
  readonly connections: PeerConnections;
  readonly transport: Transport;
  readonly key: Uint8Array;
  readonly installation: GetInstallationResponse;
}

/** Reaches the core and asks it which installation it is. Throws StartError where it does not answer in time. */
export async function reachCore(url: string, config: Config, startMs = coreStartMs): Promise<Core> {
  const key = readPeerKey(config.peerKeyFile);
  const connections = createPeerConnections(url);
  const transport = createRemoteTransport(connections, key);
  const peer = createClient(PeerService, transport);
  const until = performance.now() + startMs;
  for (;;) {
    try {
      const asked = callAs({ kind: "service", name: "start" }, { timeoutMs: askMs });
      return { connections, transport, key, installation: await peer.getInstallation({}, asked) };
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (code === Code.Unavailable && performance.now() < until) {
        await wait(retryMs);
        continue;
      }
      connections.close();
      throw new StartError(`The process at ${url} (PARLEY_PEERS) ${whyNot(code, rawMessage)}`, { cause: error });
    }
  }
}

function whyNot(code: Code, message: string): string {
  if (code === Code.Unavailable) return "can't be reached. Start it first, or correct the URL.";
  if (code === Code.Unauthenticated) return "has another key. Give both the same file by PARLEY_PEER_KEY.";
  return `does not answer as a Parley process: ${message}.`;
}
