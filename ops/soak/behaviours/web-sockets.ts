import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { envelope } from "../../bench/load/wire.ts";
import type { Behaviour, Scene } from "./behaviour.ts";
import { closeOf, pause } from "./raw.ts";

const path = "/parley.chat.v1.DeliveryService/Connect";
const answerMs = 500;
const heldMs = 3_000;
const open = envelope(Buffer.from(JSON.stringify({ open: {} })));

/** Opens a WebSocket, gives it to `act` and cuts it afterwards. One that is refused is over at once. */
async function onWebSocket({ town }: Scene, act: (socket: WebSocket) => Promise<void>): Promise<void> {
  const socket = new WebSocket(town.url.replace("http:", "ws:") + path, "parley.connect+json");
  const closed = once(
    socket.on("error", () => {}),
    "close",
  );
  await Promise.race([once(socket, "open").catch(() => {}), closed]);
  try {
    if (socket.readyState === socket.OPEN) await act(socket);
  } finally {
    socket.terminate();
    await closed;
  }
}

const headersOf = (token: string) => JSON.stringify({ authorization: `Bearer ${token}` });

/** Cuts a WebSocket before its first message, within its call or on its stream. */
export const cutWebSocket: Behaviour = async (scene) => {
  const { person, below } = scene;
  await onWebSocket(scene, async (socket) => {
    const stage = below(4);
    if (stage > 0) socket.send(headersOf(person.token));
    if (stage > 1) socket.send(open.subarray(0, 1 + below(open.length)));
    if (stage > 2) socket.send(open);
    await pause(below(heldMs) * below(2));
  });
};

/** Listens on a WebSocket and never reads. */
export const neverReadWebSocket: Behaviour = async (scene) => {
  await onWebSocket(scene, async (socket) => {
    socket.pause();
    socket.send(headersOf(scene.person.token));
    socket.send(open);
    await pause(scene.below(heldMs));
  });
};

/** What breaks the rules of a WebSocket's messages. */
const wrong: readonly ((socket: WebSocket, token: string) => void)[] = [
  (socket) => socket.send("no headers"),
  (socket) => socket.send(randomBytes(200)),
  (socket) => socket.send("x".repeat(100_000)),
  (socket, token) => socket.send(headersOf(token.slice(9))),
  (socket, token) => [headersOf(token), "text again"].map((text) => socket.send(text)),
  (socket, token) => [headersOf(token), randomBytes(500)].map((message) => socket.send(message)),
  (socket, token) => [headersOf(token), Buffer.alloc(2 * 1024 * 1024)].map((message) => socket.send(message)),
  (socket, token) => [headersOf(token), open, open, randomBytes(9)].map((message) => socket.send(message)),
  (socket) => socket.ping(randomBytes(100)),
];

export const wrongMessages: Behaviour = async (scene) => {
  const { person, below } = scene;
  await onWebSocket(scene, async (socket) => {
    for (let n = 0; n < 1 + below(2) && socket.readyState === socket.OPEN; n++) {
      wrong[below(wrong.length)]?.(socket, person.token);
    }
    await Promise.race([closeOf(socket), pause(answerMs)]);
  });
};
