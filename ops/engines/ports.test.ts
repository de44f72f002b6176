import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { freePorts } from "./ports.ts";

test("ports are free, differ, and are none that the system takes for connections", async () => {
  const [one, more] = await Promise.all([freePorts(5), freePorts(5)]);
  const ports = [...one, ...more];
  expect(new Set(ports).size).toBe(10);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: ofTheSystem }: AddressInfo = Object(server.address());
  server.close();
  expect(Math.max(...ports)).toBeLessThan(ofTheSystem);
});

test("ports of an address in another network namespace are taken to be free", async () => {
  expect(await freePorts(1, "192.0.2.1")).toHaveLength(1);
});
