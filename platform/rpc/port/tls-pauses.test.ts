import { once } from "node:events";
import { connect } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";

let port: OnePortServer;
afterEach(() => port.close());

/** More than the buffers between the two hold. */
const answer = Buffer.alloc(16 * 1024 * 1024);

/** Several TLS records, which arrive together. */
const request = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 40000\r\n\r\n${"x".repeat(40_000)}`;

test("over TLS a request that comes while the answer before it is not sent yet is read in whole", async () => {
  const { cert, key } = testCertificate;
  let answered = 0;
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    tls: { cert: Buffer.from(cert), key: Buffer.from(key) },
    onExchange(exchange) {
      exchange.body.resume().once("end", () => {
        exchange.answer(200, {}, answer);
        answered++;
      });
    },
  });
  const socket = connect({ port: Number(new URL(port.url).port), host: "127.0.0.1", ca: cert });
  await once(socket, "secureConnect");
  const ask = () => socket.write(request);
  ask();
  await until(() => (answered === 1 ? "" : "no answer"));
  ask();
  let received = 0;
  let isClosed = false;
  socket.on("close", () => {
    isClosed = true;
  });
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await until(() => (isClosed || received > 2 * answer.length ? "" : `${received} bytes`));
  expect(isClosed).toBe(false);
  socket.destroy();
});
