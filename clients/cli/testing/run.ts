import { PassThrough } from "node:stream";
import { runCli } from "../cli.ts";

/** What a command did. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard output, read as JSON. */
  readonly json: ReturnType<typeof JSON.parse>[];
}

/** A command that runs. */
export interface Running {
  readonly stdin: PassThrough;
  readonly stdout: () => string;
  /** As Ctrl-C does. */
  interrupt(): void;
  readonly ended: Promise<Outcome>;
}

/** Starts a command line in this process, with pipes instead of a terminal. */
export function startParley(url: string, home: string, ...argv: string[]): Running {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const interrupted = new AbortController();
  const texts = { stdout: "", stderr: "" };
  stdout.on("data", (chunk) => {
    texts.stdout += chunk;
  });
  stderr.on("data", (chunk) => {
    texts.stderr += chunk;
  });
  const env = { PARLEY_URL: url, PARLEY_HOME: home };
  const ended = runCli(argv, { stdin, stdout, stderr, env, signal: interrupted.signal }).then(async (exitCode) => {
    await Promise.all([stdout, stderr].map((stream) => stream.end()));
    return { exitCode, ...texts, json: jsonLines(texts.stdout) };
  });
  return { stdin, stdout: () => texts.stdout, interrupt: () => interrupted.abort(), ended };
}

/** Runs a command line to its end, with `input` as its standard input. */
export function runParley(url: string, home: string, argv: readonly string[], input = ""): Promise<Outcome> {
  const running = startParley(url, home, ...argv);
  running.stdin.end(input);
  return running.ended;
}

function jsonLines(text: string): Outcome["json"] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}
