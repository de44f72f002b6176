/** Checks of `proto/`: form, compatibility, and the auth option of every method. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileRegistry, type DescMethod, type FileRegistry, fromBinary, getOption } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Auth, auth } from "#gen/parley/options/v1/options_pb.js";
import { runCommand } from "../command.ts";
import { type Check, commandCheck, faultOf, outcomeOf } from "./check.ts";

export const contractChecks: readonly Check[] = [
  commandCheck("buf lint", ["buf", "lint"]),
  commandCheck("buf format", ["buf", "format", "--diff", "--exit-code"]),
  { name: "buf breaking", run: checkBreaking },
  { name: "auth option of every method", run: checkAuthOptions },
];

/** Contracts may not break what the newest release, or until there is one the previous commit, promised. */
async function checkBreaking() {
  const base = await breakingBase();
  if (!base) return outcomeOf([], ["buf breaking: no earlier commit with contracts to compare with"]);
  return outcomeOf(faultOf(await runCommand(["buf", "breaking", "--against", `.git#ref=${base}`])));
}

async function breakingBase(): Promise<string | undefined> {
  const tags = await runCommand(["git", "tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD"]);
  const newest = tags.code === 0 ? tags.stdout.split("\n")[0] : "";
  if (newest) return newest;
  const previous = await runCommand(["git", "rev-parse", "--verify", "--quiet", "HEAD~1:buf.yaml"]);
  return previous.code === 0 ? "HEAD~1" : undefined;
}

async function checkAuthOptions() {
  const folder = mkdtempSync(join(tmpdir(), "parley-contracts-"));
  try {
    const image = join(folder, "image.binpb");
    const built = await runCommand(["buf", "build", "--as-file-descriptor-set", "-o", image]);
    if (built.code !== 0) return outcomeOf(faultOf(built));
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
    return outcomeOf(methodsWithoutAuth(registry).map((method) => `${method} has no (parley.options.v1.auth)`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Names of the project's own methods that do not say who may call them. */
export function methodsWithoutAuth(registry: FileRegistry): string[] {
  const methods: DescMethod[] = [...registry.files]
    .filter((file) => file.name.startsWith("parley/"))
    .flatMap((file) => file.services)
    .flatMap(({ methods }) => methods);
  return methods
    .filter((method) => getOption(method, auth) === Auth.UNSPECIFIED)
    .map((method) => `${method.parent.typeName}/${method.name}`);
}
