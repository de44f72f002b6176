import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A way to a server on which what clients send can be held, and arrive after they are gone. */
export interface HoldingNetwork {
  /** `host:port` for clients. */
  readonly address: string;
  /** From now on nothing that clients send arrives. */
  hold(): void;
  /** Whether the text is among what is held. */
  holds(text: string): boolean;
  /** Cuts the clients off. What is held stays under way; who connects from now on gets through. */
  cut(): void;
  /** Cuts the clients off, and lets nobody in until it is opened. */
  shut(): void;
  open(): void;
  /** Lets what is held arrive, and waits until the server's answers to it hold the text. */
  land(answer: string): Promise<void>;
}

interface Held {
  readonly server: Socket;
  readonly bytes: Buffer;
}

/** Leads to `host:port`, until the test has finished. */
export async function openHoldingNetwork(target: string): Promise<HoldingNetwork> {
  const [host = "", port = ""] = target.split(":");
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let held: Held[] = [];
  let holding = false;
  let isShut = false;

  const network = createServer((client) => {
    if (isShut) {
      client.destroy();
      return;
    }
    const server = connect(Number(port), host);
    clients.add(client);
    servers.add(server);
    client.on("data", (bytes) => {
      if (holding) held.push({ server, bytes });
      else server.write(bytes);
    });
    server.on("data", (bytes) => client.writable && client.write(bytes));
    client.on("error", () => {}).on("close", () => held.some((one) => one.server === server) || server.destroy());
    server.on("error", () => {}).on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => network.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    network.close();
    for (const socket of [...clients, ...servers]) socket.destroy();
  });
  const cut = () => {
    holding = false;
    for (const client of clients) client.destroy();
    clients.clear();
  };
  const address = network.address();
  if (!address || typeof address === "string") throw new Error("the network has no port");
  return {
    address: `127.0.0.1:${address.port}`,
    hold() {
      holding = true;
    },
    holds: (text) => held.some(({ bytes }) => bytes.includes(text)),
    cut,
    shut() {
      isShut = true;
      cut();
    },
    open() {
      isShut = false;
    },
    land(answer) {
      const landing = held;
      held = [];
      return new Promise((resolve) => {
        for (const { server, bytes } of landing) {
          server.on("data", (answers) => answers.includes(answer) && resolve());
          server.write(bytes);
        }
      });
    },
  };
}
