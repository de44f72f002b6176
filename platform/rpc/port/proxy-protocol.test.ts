import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { proxyHeader } from "#platform/testing/proxy-header.ts";
import { maxProxyHeaderBytes, parseProxyHeader, readProxyHeader } from "./proxy-protocol.ts";

const rest = Buffer.from("GET / HTTP/1.1\r\n");

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8::7", "2001:db8::7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
])("of a connection of %s the client is told, and where the header ends", (source, client) => {
  const header = proxyHeader({ source });
  expect(parseProxyHeader(Buffer.concat([header, rest]))).toEqual({ bytes: header.length, client });
});

test("additions are passed by", () => {
  const header = proxyHeader({ source: "192.0.2.7", additions: Buffer.from("\x04\x00\x03abc") });
  expect(parseProxyHeader(header)).toEqual({ bytes: header.length, client: "192.0.2.7" });
});

test("a proxy that speaks for itself, or that knows no address, tells no client", () => {
  for (const header of [
    proxyHeader({ source: "192.0.2.7", command: 0x20 }),
    proxyHeader({ command: 0x20 }),
    proxyHeader({}),
  ]) {
    expect(parseProxyHeader(header)).toEqual({ bytes: header.length });
  }
});

test.each([
  ["version 1", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 50123 443\r\n")],
  ["no header", rest],
  ["another version", proxyHeader({ source: "192.0.2.7", command: 0x31 })],
  ["another command", proxyHeader({ source: "192.0.2.7", command: 0x22 })],
  ["UDP", proxyHeader({ source: "192.0.2.7", family: 0x12 })],
  ["a UNIX socket", proxyHeader({ family: 0x31, additions: Buffer.alloc(216) })],
  ["addresses that are too short", proxyHeader({ family: 0x11, additions: Buffer.alloc(11) })],
  ["IPv6 addresses that are too short", proxyHeader({ source: "192.0.2.7", family: 0x21 })],
  ["too long", proxyHeader({ source: "192.0.2.7", additions: Buffer.alloc(maxProxyHeaderBytes) })],
])("refused: %s", (_, bytes) => {
  expect(parseProxyHeader(bytes)).toBe("invalid");
});

const additions = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));

test("wherever the bytes are cut, the header is the same", () => {
  const source = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(source, additions, (address, added) => {
      const header = proxyHeader({ source: address, additions: added });
      const whole = Buffer.concat([header, rest]);
      const told = parseProxyHeader(whole);
      expect(told).toMatchObject({ bytes: header.length, client: expect.any(String) });
      for (let length = 0; length <= whole.length; length++) {
        expect(parseProxyHeader(whole.subarray(0, length))).toEqual(length < header.length ? "more" : told);
      }
    }),
    { numRuns: 30 },
  );
});

test("garbage never throws, and what is refused stays so whatever follows", () => {
  const start = proxyHeader({ source: "192.0.2.7" });
  const garbage = fc.tuple(fc.nat(start.length), fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(garbage, ([kept, made]) => {
      const bytes = Buffer.concat([start.subarray(0, kept), made]);
      const told = parseProxyHeader(bytes);
      if (told !== "more") expect(parseProxyHeader(Buffer.concat([bytes, rest]))).toEqual(told);
    }),
  );
});

test("a proxy that does not finish its header in time is cut off", async () => {
  let failures = 0;
  const server = createServer((socket) => {
    const unexpected = () => expect.unreachable("there is no header");
    readProxyHeader(socket, 50, unexpected, () => failures++);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
  socket.write(proxyHeader({ source: "192.0.2.7" }).subarray(0, 20));
  await once(socket, "close");
  expect(failures).toBe(1);
  server.close();
});
