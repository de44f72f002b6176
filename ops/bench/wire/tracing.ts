import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { openOtlpCollector } from "#platform/testing/otlp-collector.ts";
import type { Figure } from "../figure.ts";
import { type Measured, startPeer } from "../load/process.ts";
import { openWire, pathOf, type Wire } from "../load/wire.ts";
import { encodedSend } from "../peers/messages.ts";
import { mintBenchToken } from "../peers/tokens.ts";
import { inRounds } from "./rounds.ts";
import { sideBySide } from "./side-by-side.ts";

const connections = 4;
const atOnce = 32;
const warmUpCalls = 20_000;
const callsARound = 4000;
const rounds = 7;

/** Of the calls that no caller traces; without a sampler telemetry is off. */
const shares: readonly { readonly name: string; readonly env: Readonly<Record<string, string>> }[] = [
  { name: "telemetry off", env: {} },
  { name: "none recorded", env: { OTEL_TRACES_SAMPLER: "parentbased_always_off" } },
  {
    name: "1 % recorded",
    env: { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.01" },
  },
  { name: "all recorded", env: { OTEL_TRACES_SAMPLER: "parentbased_always_on" } },
];

interface Caller {
  readonly name: string;
  readonly server: Measured;
  readonly wire: Wire;
}

/** What telemetry adds to the server's cost of a unary call: spans made, encoded and exported. */
export async function measureTracing(): Promise<Figure[]> {
  const collector = await openOtlpCollector({ keeps: false });
  const token = await mintBenchToken();
  const running = await Promise.all(
    shares.map(async ({ name, env }) => ({
      name,
      server: await startPeer(
        "ops/bench/peers/parley-edge.ts",
        env.OTEL_TRACES_SAMPLER ? { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } : {},
      ),
    })),
  );
  const callers: Caller[] = running.map((each) => ({ ...each, wire: openWire(each.server.url, connections, "grpc") }));
  try {
    await Promise.all(callers.map(({ wire }) => callOften(wire, token, warmUpCalls)));
    const samples = await inRounds(callers, rounds, ({ server, wire }) => cpuMicros(server, wire, token));
    const name = "unary call of a message, server CPU by what telemetry records";
    return [sideBySide({ name, unit: "µs", samples, value: (micros) => micros })];
  } finally {
    for (const { wire } of callers) wire.close();
    await Promise.all(callers.map(({ server }) => server.stop()));
    await collector.close();
  }
}

async function cpuMicros(server: Measured, wire: Wire, token: string): Promise<number> {
  const before = await server.cpuSeconds();
  await callOften(wire, token, callsARound);
  return (((await server.cpuSeconds()) - before) / callsARound) * 1e6;
}

async function callOften(wire: Wire, token: string, calls: number): Promise<void> {
  const [path, body] = [pathOf(ChatService.method.sendMessage), encodedSend()];
  let left = calls;
  const work = async () => {
    while (left-- > 0) await wire.send(path, token, body);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
