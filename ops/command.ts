import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** The folder of the checkout. */
export const root = join(import.meta.dirname, "..");

export interface CommandOptions {
  /** What the program reads from its standard input; nothing by default. */
  readonly input?: string | Uint8Array;
  /** False keeps the standard input open once `input` is written. */
  readonly inputEnds?: boolean;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder to run in; the checkout by default. */
  readonly cwd?: string;
  /** Print what the program prints instead of keeping it. */
  readonly show?: boolean;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Command = readonly [string, ...(readonly string[])];

/** Runs a program to its end, with the tools of `node_modules` on PATH. */
export function runCommand(command: Command, options: CommandOptions = {}): Promise<CommandResult> {
  const child = startCommand(command, options);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
  });
}

/** Starts a program, with the tools of `node_modules` on PATH. The caller ends it. */
export function startCommand([program, ...args]: Command, options: CommandOptions = {}): ChildProcess {
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, PATH, ...options.env },
    stdio: options.show ? "inherit" : "pipe",
  });
  child.stdin?.on("error", () => undefined); // A program may end without having read its input.
  child.stdin?.write(options.input ?? "");
  if (options.inputEnds ?? true) child.stdin?.end();
  return child;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
