/** `gen/` is what the generator makes of `proto/`, byte by byte. */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, root, runCommand } from "../command.ts";
import { type Check, faultOf, outcomeOf } from "./check.ts";

export const generatedCheck: Check = {
  name: "generated code is current",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "parley-gen-"));
    try {
      const generated = await generate(folder);
      if (generated.code !== 0) return outcomeOf(faultOf(generated));
      const faults = differences(filesOf(join(folder, "gen")), filesOf(join(root, "gen")));
      return outcomeOf(faults.length > 0 ? [...faults, "run `npm run gen` and commit gen/"] : []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Generates into `gen/` of the folder; `buf.gen.yaml` says what. */
export function generate(folder: string = root): Promise<CommandResult> {
  return runCommand(["buf", "generate", "--output", folder]);
}

type Files = ReadonlyMap<string, Buffer>;

function filesOf(folder: string): Files {
  const entries = globSync("**/*", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

/** One sentence for each file that is missing, left over or different. */
export function differences(wanted: Files, found: Files): string[] {
  const stale = [...wanted].flatMap(([path, bytes]) => {
    const other = found.get(path);
    if (!other) return [`gen/${path} is missing`];
    return other.equals(bytes) ? [] : [`gen/${path} is out of date`];
  });
  const left = [...found.keys()].filter((path) => !wanted.has(path)).map((path) => `gen/${path} has no source`);
  return [...stale, ...left];
}
