import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** The way from one process to a server. */
export interface Way {
  /** `host:port` for the process. */
  readonly address: string;
  /** Nothing arrives any more, in either direction, and nothing is cut. */
  hold(): void;
  /** What was held arrives. */
  letGo(): void;
  /** Cuts it for good. */
  cut(): Promise<void>;
}

/** Leads to `host:port`, until the test has finished. */
export async function openWay(target: string): Promise<Way> {
  const [host = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let isHeld = false;
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on("data", (bytes) => void to.write(bytes));
    from
      .on("error", () => {})
      .on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    if (isHeld) from.pause();
  };
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    join(near, far);
    join(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(cut);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the way has no port");
  return {
    address: `127.0.0.1:${address.port}`,
    hold() {
      isHeld = true;
      for (const socket of sockets) socket.pause();
    },
    letGo() {
      isHeld = false;
      for (const socket of sockets) socket.resume();
    },
    cut,
  };
}
