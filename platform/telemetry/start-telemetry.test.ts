import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { asksForTelemetry } from "./start-telemetry.ts";

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example.org/v1/traces" }, true],
  [{ OTEL_TRACES_EXPORTER: "console" }, true],
  [{ OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }, false],
  [{ OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }, false],
])("%j asks for telemetry: %s", (env, asks) => {
  expect(asksForTelemetry(env)).toBe(asks);
});

test("an endpoint that is no URL is refused in a sentence", () => {
  const asks = () => asksForTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" });
  expect(asks).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT is a URL, such as http://127.0.0.1:4318, not "collector:4318".');
});

/** The API is loaded by the library of metrics. */
const listing = `
import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    if (/^@opentelemetry\\/(?!api$)/.test(specifier)) console.log(specifier);
    return next(specifier, context);
  },
});
await import("./services/program.ts");
const { startTelemetry } = await import("#platform/telemetry/start-telemetry.ts");
if (await startTelemetry({}) !== undefined) console.log("started");
`;

test("a server that nobody asks for telemetry loads no SDK", async () => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_")));
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", listing], { env });
  expect(stdout).toBe("");
});
