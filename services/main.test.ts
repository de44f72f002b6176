import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-main-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

const environment = () => ({ PATH: process.env.PATH, PARLEY_DATA: dataDir, PARLEY_LISTEN: "127.0.0.1:0" });

async function start() {
  const child = spawn(process.execPath, [main], { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  await until(() => (output.includes("operator key") ? "" : `not ready: ${output}`));
  return { child, url: /http:\S+/.exec(output)?.[0] ?? "", output: () => output };
}

async function runMain(args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...environment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, stdout, stderr };
}

test("a server says where it is, answers what runs when it is told to stop, and ends", async () => {
  const { child, url, output } = await start();
  const body = JSON.stringify({
    clientId: "0198c0de-0000-7000-8000-000000000001",
    device: { id: "0198c0de-0000-4000-8000-000000000002" },
    handle: "marvin",
    password: "brain the size of a planet",
  });
  const headers = { "content-type": "application/json", "content-length": body.length, expect: "100-continue" };
  const call = request(`${url}/parley.auth.v1.AuthService/Register`, { method: "POST", headers });
  call.flushHeaders();
  await once(call, "continue");
  child.kill("SIGTERM");
  await until(() => (output().includes("stopping") ? "" : "has not heard of the signal"));
  call.end(body);
  const [response] = await once(call, "response");
  expect(response.statusCode).toBe(200);
  expect(JSON.parse(await text(response)).session.accessToken).toBeTruthy();
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  expect([code, output()]).toEqual([0, expect.stringContaining("has stopped")]);
});

test("a second process on the same data is refused with a sentence, and one after SIGKILL is not", async () => {
  const { child } = await start();
  const second = await runMain();
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toMatch(/^Another Parley process uses the data in .*\n$/);
  child.kill("SIGKILL");
  await once(child, "exit");
  await start();
});

test("keys can be read by their owner alone", async () => {
  await start();
  for (const name of ["seal.key", "operator.key"]) {
    expect(statSync(join(dataDir, "keys", name)).mode & 0o777).toBe(0o600);
  }
});

test.each([
  [{ PARLEY_LISTEN: "nowhere" }, 'PARLEY_LISTEN must be host:port, not "nowhere".\n'],
  [{ PARLEY_TARGETS: "gateway" }, "PARLEY_TARGETS=gateway needs engines that processes share"],
  [{ PARLEY_TLS_CERT: "/no/such.pem", PARLEY_TLS_KEY: "/no/such.key" }, "no such file"],
])("what the operator can mend is a sentence: %j", async (env, sentence) => {
  const { code, stderr } = await runMain([], env);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain("    at ");
});

test("a port that is taken is a sentence", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = address && typeof address === "object" ? address.port : 0;
  const { code, stderr } = await runMain([], { PARLEY_LISTEN: `127.0.0.1:${port}` });
  taken.close();
  expect([code, stderr]).toEqual([1, expect.stringContaining(`can't listen on 127.0.0.1:${port}`)]);
});

test("the flags check and list without starting", async () => {
  expect(await runMain(["--check-config"])).toMatchObject({ code: 0, stdout: "The settings are valid.\n" });
  const collector = await runMain(["--check-config"], { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" });
  expect(collector).toMatchObject({ code: 1, stdout: "" });
  expect(collector.stderr).toContain("OTEL_EXPORTER_OTLP_ENDPOINT is a URL");
  const { stdout } = await runMain(["--list-targets"]);
  expect(stdout.split("\n")).toEqual(expect.arrayContaining(["auth", "chat", "projector", "gateway"]));
  expect((await runMain(["--nonsense"])).code).toBe(1);
  expect((await runMain(["--replace-key"])).stderr).toContain("Usage:");
  expect((await runMain(["--target", "gateway"])).stderr).toContain(
    "PARLEY_TARGETS=gateway needs engines that processes share",
  );
});
