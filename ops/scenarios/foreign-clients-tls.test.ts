import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { testWithTools } from "#platform/testing/tool.ts";
import { type Command, runCommand } from "../command.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const health = "grpc.health.v1.Health/Check";

let folder: string;
let certificate: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-tls-"));
  certificate = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  writeFileSync(certificate, testCertificate.cert);
  writeFileSync(key, testCertificate.key);
  const tls = { PARLEY_TLS_CERT: certificate, PARLEY_TLS_KEY: key };
  server = await startServerProcess(join(folder, "data"), tls);
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

testWithTools(["curl"], "curl agrees on HTTP/1.1 or HTTP/2 by ALPN", async () => {
  const versionOf = (flag: string) =>
    outputOf(["curl", "-sS", "--cacert", certificate, flag, "-w", "%{http_version}", `${server.url}/healthz`]);
  expect(await versionOf("--http1.1")).toBe("ok\n1.1");
  expect(await versionOf("--http2")).toBe("ok\n2");
});

testWithTools(["grpcurl"], "grpcurl calls over TLS", async () => {
  const answer = await outputOf(["grpcurl", "-cacert", certificate, new URL(server.url).host, health]);
  expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
});

test.each(["grpc", "grpcweb", "connect"])("buf curl calls over TLS with %s", async (protocol) => {
  const options = ["--protocol", protocol, "--cacert", certificate, "--data", "{}"];
  const answer = await outputOf(["buf", "curl", ...options, `${server.url}/${health}`]);
  expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
});

async function outputOf(command: Command): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command);
  expect(code, stderr).toBe(0);
  return stdout;
}
