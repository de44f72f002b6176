import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { envelope } from "../../bench/load/wire.ts";
import type { Behaviour, Scene } from "./behaviour.ts";
import { begin, closedWithin, onSession, onSocket } from "./raw.ts";

const answerMs = 500;
const bombBytes = 32 * 1024 * 1024;
const bomb = gzipSync(Buffer.alloc(bombBytes));
const compressed = 1;

/** An envelope whose flags and length say what they should not. */
function wrongEnvelope(flags: number, length: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

/** Bytes that speak no protocol, or stop speaking one half-way. */
export const noise: Behaviour = async ({ town, below }) => {
  const starts = [
    "",
    "GET / HTTP/1.1\r\n",
    "POST /x HTTP/1.1\r\nhost:",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01",
  ];
  await onSocket(town.url, async (socket) => {
    socket.write(starts[below(starts.length)] ?? "");
    socket.write(randomBytes(1 + below(20_000)));
    await closedWithin(answerMs, socket);
  });
};

interface Wrong {
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const gzipEncoding = { "content-encoding": "gzip" };
const enveloped = { "connect-content-encoding": "gzip", "grpc-encoding": "gzip" };

/** Bodies that break the rules of their protocol. */
const wrongBodies: readonly (() => Wrong)[] = [
  () => ({ type: "application/proto", body: randomBytes(300) }),
  () => ({ type: "application/json", body: Buffer.from('{"token":{"a":[[[[') }),
  () => ({ type: "application/json", body: randomBytes(300), headers: gzipEncoding }),
  () => ({ type: "application/proto", body: bomb, headers: gzipEncoding }),
  () => ({ type: "application/proto", body: Buffer.alloc(3 * 1024 * 1024) }),
  () => ({ type: "application/x-nothing", body: randomBytes(30) }),
  () => ({ type: "application/grpc", body: wrongEnvelope(0, 0xffffffff, randomBytes(100)) }),
  () => ({ type: "application/grpc", body: wrongEnvelope(0, 100, randomBytes(10)) }),
  () => ({ type: "application/connect+proto", body: wrongEnvelope(0xfe, 4, randomBytes(4)) }),
  () => ({ type: "application/connect+json", body: envelope(randomBytes(60)) }),
  () => ({ type: "application/grpc-web+proto", body: envelope(randomBytes(60)) }),
  () => ({ type: "application/grpc", body: wrongEnvelope(compressed, 30, randomBytes(30)), headers: enveloped }),
  () => ({ type: "application/connect+proto", body: wrongEnvelope(compressed, bomb.length, bomb), headers: enveloped }),
  () => ({ type: "application/connect+proto", body: Buffer.concat([envelope(Buffer.alloc(0)), randomBytes(9)]) }),
];

const methods = [
  "chat.v1.ChatService/ListConversations",
  "chat.v1.DeliveryService/Subscribe",
  "chat.v1.DeliveryService/Connect",
  "auth.v1.AuthService/LogIn",
  "chat.v1.NoService/Nothing",
  "../../etc/passwd",
];

/** Calls whose bodies, tokens or paths are wrong. */
export const wrongCalls: Behaviour = async (scene) => {
  const { town, below } = scene;
  await onSession(town.url, {}, async (session) => {
    for (let n = 0; n < 1 + below(6); n++) {
      const wrong = wrongBodies[below(wrongBodies.length)]?.();
      if (!wrong) continue;
      const method = methods[below(methods.length)] ?? "";
      const stream = begin(session, method, tokenOf(scene), wrong.type, wrong.headers);
      stream.end(wrong.body);
      await closedWithin(answerMs, stream);
      stream.close();
    }
  });
};

/** A token that is good, torn, none, huge or of somebody's own making. */
function tokenOf({ person, below }: Scene): string {
  const tokens = [
    () => person.token,
    () => person.token,
    () => person.token.slice(0, below(person.token.length)),
    () => "",
    () => "x".repeat(9_000),
    () => `${person.token.split(".").slice(0, 2).join(".")}.${randomBytes(64).toString("base64url")}`,
  ];
  return tokens[below(tokens.length)]?.() ?? "";
}

/** Resume tokens that nobody sealed, or sealed for somebody else. */
export const wrongResumeTokens: Behaviour = async ({ town, person, below }) => {
  await onSession(town.url, {}, async (session) => {
    const stream = begin(session, "chat.v1.DeliveryService/Subscribe", person.token, "application/connect+json");
    const token = randomBytes(1 + below(600)).toString("base64url");
    stream.end(envelope(Buffer.from(JSON.stringify({ token }))));
    await closedWithin(answerMs, stream);
  });
};
