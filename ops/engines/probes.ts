/** Whether something answers at an address as its protocol says. Each rejects where it does not. */
import { once } from "node:events";
import { connect } from "node:net";

/** The longest wait for one answer; the prober tries again. */
const answerMs = 2_000;

/** An HTTP server that answers a GET with 200; resolves to the JSON of its body. */
export async function probeHttp(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${body.slice(0, 200)}`);
  return JSON.parse(body);
}

/** A TCP server whose first bytes after `question` satisfy `isAnswer`. */
export async function probeTcp(
  host: string,
  port: number,
  question: string | Uint8Array,
  isAnswer: (bytes: Buffer) => boolean,
): Promise<void> {
  const socket = connect({ host, port });
  try {
    socket.on("error", () => undefined);
    socket.write(question);
    const [bytes]: Buffer[] = await once(socket, "data", { signal: AbortSignal.timeout(answerMs) });
    if (!bytes || !isAnswer(bytes)) throw new Error(`${host}:${port} answers something else`);
  } finally {
    socket.destroy();
  }
}
