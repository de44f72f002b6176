import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { Figure } from "../figure.ts";
import { type Measured, startBareServer, startPeer } from "../load/process.ts";
import { openWire, pathOf, type Wire, type WireProtocol } from "../load/wire.ts";
import { encodedSend } from "../peers/messages.ts";
import { mintBenchToken } from "../peers/tokens.ts";
import { inRounds } from "./rounds.ts";
import { sideBySide } from "./side-by-side.ts";

const connections = 4;
const atOnce = 32;
/** Until the code of all servers is as fast as it gets: they run for days. */
const warmUpCalls = 30_000;
const callsARound = 4000;
const rounds = 7;

interface Server {
  readonly name: string;
  readonly protocols: readonly WireProtocol[];
  readonly start: () => Promise<Measured>;
}

const connectNode = (...args: string[]) => startPeer("ops/bench/peers/connect-node.ts", {}, args);

const both = ["grpc", "connect"] as const;
const servers: readonly Server[] = [
  { name: "bare node:http2 echo", protocols: both, start: startBareServer },
  { name: "grpc-js", protocols: ["grpc"], start: () => startPeer("ops/bench/peers/grpc-js.ts") },
  { name: "stock connect-node, nothing checked", protocols: both, start: () => connectNode() },
  { name: "stock connect-node with four interceptors", protocols: both, start: () => connectNode("checked") },
  { name: "Parley's edge", protocols: both, start: () => startPeer("ops/bench/peers/parley-edge.ts") },
];

interface Caller {
  readonly name: string;
  readonly server: Measured;
  readonly wire: Wire;
}

interface Round {
  readonly cpuMicros: number;
  readonly callsPerSecond: number;
}

/** What a unary call costs the server, with authentication, decoding, validation, measures and encoding. */
export async function measureUnary(): Promise<Figure[]> {
  const running = await Promise.all(servers.map(async (each) => ({ ...each, server: await each.start() })));
  const token = await mintBenchToken();
  try {
    const figures: Figure[] = [];
    for (const protocol of both) {
      const callers = running
        .filter(({ protocols }) => protocols.includes(protocol))
        .map(({ name, server }) => ({ name, server, wire: openWire(server.url, connections, protocol) }));
      figures.push(...(await compare(protocol, token, callers)));
      for (const { wire } of callers) wire.close();
    }
    return figures;
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()));
  }
}

async function compare(protocol: WireProtocol, token: string, callers: readonly Caller[]): Promise<Figure[]> {
  await Promise.all(callers.map(({ wire }) => callOften(wire, token, warmUpCalls)));
  const samples = await inRounds(callers, rounds, ({ server, wire }) => measureRound(server, wire, token));
  const name = `unary call of a message over ${protocol}`;
  return [
    sideBySide({
      name: `${name}, server CPU`,
      unit: "µs",
      samples,
      value: ({ cpuMicros }) => cpuMicros,
      goal: { atMost: 120 },
    }),
    sideBySide({ name: `${name}, throughput`, unit: "calls/s", samples, value: (round) => round.callsPerSecond }),
  ];
}

async function measureRound(server: Measured, wire: Wire, token: string): Promise<Round> {
  const cpuBefore = await server.cpuSeconds();
  const start = performance.now();
  await callOften(wire, token, callsARound);
  const elapsed = (performance.now() - start) / 1000;
  const cpu = (await server.cpuSeconds()) - cpuBefore;
  return { cpuMicros: (cpu / callsARound) * 1e6, callsPerSecond: callsARound / elapsed };
}

/** The bare server echoes on any path. */
async function callOften(wire: Wire, token: string, calls: number): Promise<void> {
  const [path, body] = [pathOf(ChatService.method.sendMessage), encodedSend()];
  let left = calls;
  const work = async () => {
    while (left-- > 0) await wire.send(path, token, body);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
