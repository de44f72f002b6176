/**
 * PROXY protocol, version 2: a proxy that passes on bytes says, in a header before them, whose they are
 * (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2). Version 1 is refused.
 */
import type { Socket } from "node:net";
import { plainAddress } from "./client-address.ts";

/** Most bytes of a header, additions (TLVs, which are not looked at) included. */
export const maxProxyHeaderBytes = 4096;
/** How long a proxy may take to send a header. */
export const proxyHeaderMs = 5_000;

export interface Proxied {
  /** Length of the header. */
  readonly bytes: number;
  /** Absent: the proxy speaks for itself, as in health checks, or does not know. */
  readonly client?: string;
}

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n");
const fixedBytes = 16;
const commands = { local: 0x20, proxy: 0x21 };
const families = { unspecified: 0x00, tcp4: 0x11, tcp6: 0x21 };

/** Reads the header that the bytes begin with. What was said of a part of it holds for all of it, unless "more". */
export function parseProxyHeader(bytes: Buffer): Proxied | "more" | "invalid" {
  const known = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, known).equals(signature.subarray(0, known))) return "invalid";
  if (bytes.length < fixedBytes) return "more";
  const [command, family] = [bytes.readUInt8(12), bytes.readUInt8(13)];
  const length = fixedBytes + bytes.readUInt16BE(14);
  if (length > maxProxyHeaderBytes) return "invalid";
  if (command !== commands.local && command !== commands.proxy) return "invalid";
  if (bytes.length < length) return "more";
  if (command === commands.local || family === families.unspecified) return { bytes: length };
  const client = readSource(family, bytes.subarray(fixedBytes, length));
  return client === undefined ? "invalid" : { bytes: length, client };
}

/** Source and destination address, then their ports. */
function readSource(family: number, addresses: Buffer): string | undefined {
  if (family === families.tcp4 && addresses.length >= 12) return addresses.subarray(0, 4).join(".");
  if (family !== families.tcp6 || addresses.length < 36) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => addresses.readUInt16BE(2 * index).toString(16));
  return plainAddress(groups.join(":"));
}

/**
 * Takes the header off a connection and tells what it says; what follows it is put back. A connection whose header is
 * malformed, or not there in time, is destroyed after `onFailed`.
 */
export function readProxyHeader(
  socket: Socket,
  timeoutMs: number,
  onHeader: (proxied: Proxied) => void,
  onFailed: () => void,
): void {
  let seen = Buffer.alloc(0);
  const settle = () => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("close", settle);
  };
  const fail = () => {
    settle();
    onFailed();
    socket.destroy();
  };
  const timer = setTimeout(fail, timeoutMs).unref();
  const onData = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const proxied = parseProxyHeader(seen);
    if (proxied === "more") return;
    if (proxied === "invalid") return fail();
    settle();
    if (seen.length > proxied.bytes) socket.unshift(seen.subarray(proxied.bytes));
    onHeader(proxied);
  };
  socket.on("data", onData);
  socket.once("close", settle);
}

/** Makes a connection tell whose it is, in place of its proxy: everything that asks it later hears the client. */
export function setRemoteAddress(socket: Socket, client: string): void {
  Object.defineProperty(socket, "remoteAddress", { value: client });
}
