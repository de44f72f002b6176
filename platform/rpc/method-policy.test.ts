import { readdirSync } from "node:fs";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { Auth, RateLimit } from "#gen/parley/options/v1/options_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { readPolicy } from "./method-policy.ts";

const gen = new URL("../../gen/parley/", import.meta.url);
const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("_pb.js"));

async function allMethods(): Promise<DescMethod[]> {
  const modules = await Promise.all(files.map((name) => import(new URL(name, gen).href)));
  const services = modules
    .flatMap((module) => Object.values<DescService>(module))
    .filter((desc) => desc?.kind === "service");
  return services.flatMap(({ methods }) => methods);
}

test("every method of the contract says who may call it", async () => {
  const methods = await allMethods();
  expect(methods.length).toBeGreaterThan(40);
  for (const method of methods) expect(readPolicy(method).auth).not.toBe(Auth.UNSPECIFIED);
});

test("whoever may call without a token has a budget of their own", async () => {
  const open = (await allMethods()).map(readPolicy).filter(({ auth }) => auth === Auth.PUBLIC);
  expect(open.length).toBeGreaterThan(0);
  for (const { rateLimit } of open) expect(rateLimit).not.toBe(RateLimit.UNSPECIFIED);
});

test("a method that does not say is refused, a standard one is public", () => {
  const { options: _, ...proto } = PresenceService.method.setStatus.proto;
  expect(() => readPolicy({ ...PresenceService.method.setStatus, proto })).toThrow("lacks the option");
  expect(readPolicy(Health.method.check)).toEqual({ auth: Auth.PUBLIC, rateLimit: RateLimit.UNSPECIFIED });
});
