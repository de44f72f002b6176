import { expect, test } from "vitest";
import { engineAddress, engineUrl, freshName } from "./engines.ts";

test("an engine starts for the first who asks and is shared by all who ask", async () => {
  const [one, again] = await Promise.all([engineUrl("redis"), engineUrl("redis")]);
  expect(one).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  expect(again).toBe(one);
});

test("a cluster of NATS servers names its monitors", async () => {
  const { url, monitors } = await engineAddress("nats-cluster");
  expect(url.split(",")).toHaveLength(3);
  expect(monitors).toHaveLength(3);
});

test("names do not repeat", () => {
  expect(freshName()).toMatch(/^[a-z][a-z0-9]{0,15}$/);
  expect(freshName()).not.toBe(freshName());
});
