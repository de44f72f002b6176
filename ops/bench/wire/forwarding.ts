import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { Figure } from "../figure.ts";
import { type Measured, startBareServer, startPeer } from "../load/process.ts";
import { openWire, pathOf, type Wire } from "../load/wire.ts";
import { encodedSend } from "../peers/messages.ts";
import { mintBenchToken } from "../peers/tokens.ts";
import { inRounds } from "./rounds.ts";
import { sideBySide } from "./side-by-side.ts";

const connections = 4;
const atOnce = 32;
const warmUpCalls = 10_000;
const callsARound = 4000;
const rounds = 7;

interface Way {
  readonly name: string;
  readonly server: Measured;
  readonly wire: Wire;
}

/** What a call costs the process that passes it on to another one, which is a bare echo for everybody. */
export async function measureForwarding(): Promise<Figure[]> {
  const echo = await startBareServer();
  const start = async (name: string, program: string): Promise<Way> => {
    const server = await startPeer(program, {}, [echo.url]);
    return { name, server, wire: openWire(server.url, connections, "grpc") };
  };
  const ways: Way[] = [
    { name: "bare node:http2 echo, nothing forwarded", server: echo, wire: openWire(echo.url, connections, "grpc") },
    await start("bare node:http2 proxy", "ops/bench/floors/bare-proxy.ts"),
    await start("Parley's edge", "ops/bench/peers/parley-gateway.ts"),
  ];
  const token = await mintBenchToken();
  try {
    await Promise.all(ways.map(({ wire }) => callOften(wire, token, warmUpCalls)));
    const samples = await inRounds(ways, rounds, async ({ server, wire }) => {
      const before = await server.cpuSeconds();
      await callOften(wire, token, callsARound);
      return (((await server.cpuSeconds()) - before) / callsARound) * 1e6;
    });
    const name = "unary call forwarded to another process over grpc, gateway CPU";
    return [sideBySide({ name, unit: "µs", samples, value: (micros) => micros, goal: { atMost: 100 } })];
  } finally {
    for (const { wire } of ways) wire.close();
    await Promise.all(ways.map(({ server }) => server.stop()));
  }
}

async function callOften(wire: Wire, token: string, calls: number): Promise<void> {
  const [path, body] = [pathOf(ChatService.method.sendMessage), encodedSend()];
  let left = calls;
  const work = async () => {
    while (left-- > 0) await wire.send(path, token, body);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
