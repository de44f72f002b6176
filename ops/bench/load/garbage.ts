import type { Measured } from "./process.ts";

/** Settings under which a process can be told to collect its garbage. */
export const inspectable = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const;

/** Collects the garbage of a process that was started `inspectable`, so that its memory is what it needs. */
export async function collectGarbage(measured: Measured): Promise<void> {
  const address = /Debugger listening on (ws:\S+)/.exec(measured.output())?.[1];
  if (!address) throw new Error("the process can't be inspected");
  const socket = new WebSocket(address);
  try {
    await event(socket, "open");
    for (const id of [1, 2]) {
      socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
      await event(socket, "message");
    }
  } finally {
    socket.close();
  }
}

function event(socket: WebSocket, name: "open" | "message"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(name, () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), { once: true });
  });
}
