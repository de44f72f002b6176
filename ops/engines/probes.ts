/** Whether something answers at an address as its protocol says. Each probe rejects where it does not. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export type Probe = () => Promise<void>;

/** The process that is to answer. */
export interface Probed {
  isRunning(): boolean;
  /** The end of what it has printed. */
  output(): string | Promise<string>;
}

/** The longest wait for one answer; the prober tries again. */
const answerMs = 2_000;
/** The longest that an engine may take to answer, on a machine with other work. */
const startMs = 120_000;
/** The wait between two probes doubles from the first to the second. */
const pollMs = [25, 200] as const;

/** Probes until it succeeds. Once the process ended or `startMs` have passed, it rejects with the end of its output. */
export async function untilItAnswers(name: string, probe: Probe, probed: Probed): Promise<void> {
  const end = Date.now() + startMs;
  for (let pause: number = pollMs[0]; ; pause = Math.min(2 * pause, pollMs[1])) {
    const reason = await probe().then(() => "", String);
    if (reason === "") return;
    const isLate = Date.now() > end;
    if (isLate || !probed.isRunning()) {
      const fault = isLate ? `did not answer within ${startMs / 1_000} s (${reason})` : "ended as it started";
      throw new Error(`${name} ${fault}. Its output ends with:\n${await probed.output()}`);
    }
    await wait(pause);
  }
}

/** An HTTP server that answers a GET with 200. */
export async function probeHttp(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${body.slice(0, 200)}`);
}

/** A server that speaks Redis at `host:port`. */
export async function probeRedis(address: string): Promise<void> {
  await probeTcp(address, "PING\r\n", (bytes) => bytes.toString().startsWith("+PONG"));
}

/** A server that speaks CQL at `host:port`: it answers protocol 4's OPTIONS with SUPPORTED. */
export async function probeCql(address: string): Promise<void> {
  await probeTcp(address, Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 0, 0), (bytes) => bytes[4] === 6);
}

async function probeTcp(
  address: string,
  question: string | Uint8Array,
  isAnswer: (bytes: Buffer) => boolean,
): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    const answered: Promise<Buffer[]> = once(socket, "data", { signal: AbortSignal.timeout(answerMs) });
    socket.write(question);
    const [bytes] = await answered;
    if (!bytes || !isAnswer(bytes)) throw new Error(`${address} answers something else`);
  } finally {
    socket.on("error", () => undefined).destroy();
  }
}
