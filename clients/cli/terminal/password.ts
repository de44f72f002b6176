import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { UsageError } from "../failures.ts";
import type { Io } from "./io.ts";

export interface PasswordOptions {
  /** Read it from standard input instead of asking. */
  readonly fromStdin?: boolean;
  /** Ask twice, for a new password. */
  readonly repeat?: boolean;
}

/** A password, typed without being shown. It is never taken from an argument or the environment, which others can see. */
export async function readPassword(io: Io, options: PasswordOptions): Promise<string> {
  if (options.fromStdin) return (await text(io.stdin)).replace(/\r?\n$/u, "");
  if (!io.stdin.isTTY) throw new UsageError("There is no terminal to ask for the password; use --password-stdin.");
  const password = await ask(io, "Password: ");
  if (options.repeat && (await ask(io, "Once more: ")) !== password) {
    throw new UsageError("The two passwords are not the same.");
  }
  return password;
}

async function ask(io: Io, question: string): Promise<string> {
  io.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.stdin, output: silent, terminal: true });
  try {
    return await lines.question("", { signal: io.signal });
  } finally {
    lines.close();
    io.stderr.write("\n");
  }
}
