import { randomBytes } from "node:crypto";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createPeerConnections, type PeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { openTestEdge, type TestEdge } from "./edge.ts";

/** Two ports: one that answers, and one that passes the calls of the same services on to it. */
export interface TestPair {
  readonly core: TestEdge;
  readonly gateway: TestEdge;
  readonly key: Uint8Array;
  readonly connections: PeerConnections;
  /** Calls the core as another process does. */
  readonly transport: Transport;
  peer<Service extends DescService>(service: Service): Client<Service>;
  close(): Promise<void>;
}

export async function openTestPair(
  services: readonly DescService[],
  routes: Parameters<typeof openTestEdge>[0],
  url?: string,
): Promise<TestPair> {
  const key = randomBytes(32);
  const core = await openTestEdge(routes, { peerKey: key });
  const connections = createPeerConnections(url ?? core.url);
  const gateway = await openTestEdge(() => {}, { forwarding: { services, reach: () => connections, key } });
  const transport = createRemoteTransport(connections, key);
  return {
    core,
    gateway,
    key,
    connections,
    transport,
    peer: (service) => createClient(service, transport),
    async close() {
      await gateway.close();
      connections.close();
      await core.close();
    },
  };
}
