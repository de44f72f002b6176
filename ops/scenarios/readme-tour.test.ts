import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { until } from "#platform/testing/until.ts";
import { root, runCommand, startCommand } from "../command.ts";
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
    const [accounts = "", ...steps] = tourOf("sh");
    await run(accounts);
    await chatInTerminals(tourOf("sh terminals").join("").trim().split("\n"));

    const stdout = await run(steps.map((step, i) => `echo "=== step ${i} ==="\n${step}`).join("\n"));

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

/** Two people, each at the terminal that a command opens, say something, hear the other and leave. */
async function chatInTerminals(commands: readonly string[]): Promise<void> {
  const terminals = commands.map(openTerminal);
  const [ada, bob] = terminals;
  try {
    ada?.say("Are you there?");
    await until(() => (bob?.shown().includes("ada: Are you there?") ? "" : `Bob sees: ${bob?.shown()}`), 60_000);
    bob?.say("Where else?");
    await until(() => (ada?.shown().includes("bob: Where else?") ? "" : `Ada sees: ${ada?.shown()}`), 60_000);
  } finally {
    const codes = await Promise.all(terminals.map((terminal) => terminal.leave()));
    expect(codes).toEqual([0, 0]);
  }
}

function openTerminal(command: string) {
  const child = startCommand(["bash", "-c", command], { inputEnds: false, env: environment() });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
  }
  return {
    say: (line: string) => child.stdin?.write(`${line}\n`),
    shown: () => shown,
    leave() {
      child.stdin?.end();
      return ended;
    },
  };
}

/** Runs a script of the tour to its end and returns what it printed. */
async function run(script: string): Promise<string> {
  const options = { env: environment() };
  const { code, stdout, stderr } = await runCommand(["bash", "-eu", "-o", "pipefail", "-c", script], options);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

function environment() {
  return { HOME: folder, PARLEY_URL: server.url };
}

/** The blocks of the tour that are of a kind, as they stand but for the address of the server. */
function tourOf(kind: "sh" | "sh terminals"): string[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const tour = /^## A five-minute tour\n(.*?)^## /ms.exec(readme)?.[1] ?? "";
  const blocks = [...tour.matchAll(/^```(.*?)\n(.*?)^```/gms)].filter((match) => match[1] === kind);
  expect(blocks.length).toBeGreaterThan(kind === "sh" ? 5 : 0);
  return blocks.map((block) => (block[2] ?? "").replaceAll("http://127.0.0.1:8080", server.url));
}
