import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { expect, test } from "vitest";
import { attributes } from "./attributes.ts";

test("attributes have the names of the semantic conventions", () => {
  const names = new Set<string>();
  for (const [key, name] of Object.entries<unknown>(conventions)) if (key.startsWith("ATTR_")) names.add(String(name));
  expect(Object.values(attributes).filter((name) => !names.has(name))).toEqual([]);
});
