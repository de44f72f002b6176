import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startStack } from "../../services/testing/stack.ts";
import { root } from "../command.ts";

const page = readFileSync(join(root, "docs/telemetry.md"), "utf8");
const documented = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|([\w, ]*)\|/gm)].map(
  ([, name = "", type = "", labels = ""]) => `${name} ${type} ${labels.trim()}`.trim(),
);

test("docs/telemetry.md lists the metrics of the code, with their types and labels, and no others", () => {
  expect(documented.toSorted()).toEqual(metricsOfTheCode().toSorted());
});

test("what is served at /metrics is on the page", async () => {
  const stack = await startStack();
  const text = await (await fetch(`${stack.url}/metrics`)).text().finally(stack.stop);
  const served = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(served.length).toBeGreaterThan(20);
  const known = new Set(documented.map((row) => row.split(" ", 2).join(" ")));
  expect(served.filter((metric) => !known.has(metric))).toEqual([]);
});

function metricsOfTheCode(): string[] {
  const files = globSync("{platform,services,gateway}/**/*.ts", { cwd: root }).filter(
    (path) => !/\.(test|contract)\.ts$|\/testing\//.test(path),
  );
  return files.flatMap((path) => metricsIn(readFileSync(join(root, path), "utf8")));
}

function metricsIn(source: string): string[] {
  return [...source.matchAll(/new (Counter|Gauge|Histogram)(?:<[^>]*>)?\(\{(.*?)\}\)/gs)].map(
    ([, type = "", options = ""]) => {
      const name = /name: "(\w+)"/.exec(options)?.[1];
      const labels = [...(/labelNames: \[([^\]]*)\]/.exec(options)?.[1] ?? "").matchAll(/"(\w+)"/g)];
      return `${name} ${type.toLowerCase()} ${labels.map(([, label]) => label).join(", ")}`.trim();
    },
  );
}
