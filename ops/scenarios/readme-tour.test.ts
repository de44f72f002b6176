import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { root, runCommand } from "../command.ts";
import { defaultLimits, type ServerProcess, startServerProcess } from "./server-process.ts";

/** Each command is a program of its own, which takes a second or two on a busy machine. */
const tourMs = 180_000;

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-tour-"));
  server = await startServerProcess(join(folder, "data"), defaultLimits);
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

testWithTools(
  ["bash", "curl", "grpcurl"],
  "the commands of the tour do what it says",
  async () => {
    const steps = tourOf(readFileSync(join(root, "README.md"), "utf8"));
    const script = steps.map((step, i) => `echo "=== step ${i} ==="\n${step}`).join("\n");
    const { code, stdout, stderr } = await runCommand(["bash", "-eu", "-o", "pipefail", "-c", script], {
      env: { HOME: folder, PARLEY_URL: server.url },
    });
    expect(code, `${stdout}\n${stderr}`).toBe(0);

    const printed = stdout.split(/^=== step \d+ ===\n/m).slice(1);
    const stepWith = (command: string) => printed[steps.findIndex((step) => step.includes(command))] ?? "";
    expect(stepWith("npx parley history bob --json")).toMatch(/Shall we build it\?.*Let us start with the drawings\./s);
    expect(stepWith("for TRY in 1 2").match(/"seq":"\d+"/g)).toHaveLength(2);
    expect(stepWith("for TRY in 1 2").match(/"duplicate":true/g)).toHaveLength(1);
    expect(stepWith("grpcurl -plaintext")).toContain("parley.chat.v1.ChatService");
    expect(stdout).toMatch(/"messagePosted": \{\s*"content": \{\s*"text": "Hello from buf"/);
    expect(stdout).toMatch(/"messagePosted": \{\s*"content": \{\s*"text": "Hello from grpcurl"/);
    expect(stdout).toContain("CLOSE_REASON_SESSION_ENDED");
    expect(stepWith("npx parley history carol")).toMatch(/Hello from curl.*Hello from buf.*Hello from grpcurl/s);
    expect(stepWith("npx parley history carol").match(/Hello from curl/g)).toHaveLength(1);
  },
  tourMs,
);

/** The shell commands of the tour, a block each, as they stand but for the address of the server. */
function tourOf(readme: string): string[] {
  const tour = /^## A five-minute tour\n(.*?)^## /ms.exec(readme)?.[1] ?? "";
  const blocks = [...tour.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? "");
  expect(blocks.length).toBeGreaterThan(5);
  return blocks.map((block) => block.replaceAll("http://127.0.0.1:8080", server.url));
}
