import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { type CreateBackupResponse, type File, ManifestSchema } from "@parley/sdk";
import type { CommandDefinition, Context } from "../context.ts";
import { CommandError } from "../failures.ts";
import { type OperatorFlags, openOperator, withOperatorKey } from "../import/operator.ts";
import { writeLine } from "../terminal/io.ts";
import { createProgress } from "../terminal/progress.ts";

/** `parley backup <folder>`. */
export const backupCommand: CommandDefinition = (program, contextOf) => {
  const command = program
    .command("backup <folder>")
    .summary("copy a running server")
    .description(
      "Copies a running server, messages, files and keys, into an empty folder. Keep it as safe as the data.",
    )
    .addHelpText("after", "\nExample:\n  $ parley backup backups/2026-11-21");
  withOperatorKey(command).action((folder: string, flags: OperatorFlags) => backUp(contextOf(), folder, flags));
};

async function backUp(context: Context, folder: string, flags: OperatorFlags): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) throw new CommandError(`${folder} is not empty.`);
  await using operator = await openOperator(context, flags);
  const parts = operator.backup.createBackup({ clientId: operator.nextId() }, { signal: context.io.signal });
  const files = await receive(context, folder, parts);
  await writeLine(context.io.stdout, `Backed up ${files} files into ${folder}.`);
}

/** Writes the files as they come, each checked against what was announced, and the manifest once all are there. */
async function receive(context: Context, folder: string, parts: AsyncIterable<CreateBackupResponse>): Promise<number> {
  let current: ReceivedFile | undefined;
  let files: number | undefined;
  try {
    for await (const { part } of parts) {
      if (part.case === "file") {
        await current?.finish();
        current = await ReceivedFile.begin(context, folder, part.value);
      } else if (part.case === "data") await current?.write(part.value);
      else if (part.case === "manifest") {
        await current?.finish();
        files = part.value.files.length;
        const options = { mode: 0o600, flush: true };
        await writeFile(join(folder, "manifest.json"), toJsonString(ManifestSchema, part.value), options);
      }
    }
  } finally {
    await current?.close();
  }
  if (files === undefined) throw new CommandError("The backup broke off: it is not complete.");
  return files;
}

class ReceivedFile {
  readonly #file: File;
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  readonly #progress: ReturnType<typeof createProgress>;
  #bytes = 0;

  private constructor(context: Context, file: File, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
    this.#progress = createProgress(context.io, file.path);
  }

  static async begin(context: Context, folder: string, file: File): Promise<ReceivedFile> {
    if (file.path.split("/").includes("..")) throw new CommandError("The server names a file outside of the backup.");
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return new ReceivedFile(context, file, await open(path, "wx", 0o600));
  }

  async write(data: Uint8Array): Promise<void> {
    this.#hash.update(data);
    this.#bytes += data.length;
    await this.#handle.writeFile(data);
    this.#progress.update(this.#bytes, Number(this.#file.size));
  }

  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.close();
    const isWhole = Buffer.compare(this.#hash.digest(), this.#file.sha256) === 0;
    if (!isWhole) throw new CommandError(`${this.#file.path} did not arrive as it was sent.`);
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    this.#progress.stop();
    await this.#handle.close();
  }
}
