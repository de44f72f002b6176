/** Which part of the project may import which. */
import { globSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path/posix";
import { root } from "../command.ts";
import { type Check, outcomeOf } from "./check.ts";

export const boundaryCheck: Check = {
  name: "import boundaries",
  async run() {
    const sources = globSync("{platform,services,gateway,clients}/**/*.ts", {
      cwd: root,
      exclude: ["**/node_modules/**"],
    });
    const files = new Map(sources.map((path) => [path, readFileSync(join(root, path), "utf8")]));
    return outcomeOf(forbiddenImports(files));
  },
};

/** What the files of a folder may import: folders of the project, and packages where those are restricted. */
interface Zone {
  readonly files: RegExp;
  readonly folders: readonly string[];
  readonly packages?: RegExp;
}

const connect = /^@(bufbuild\/protobuf|connectrpc\/connect|connectrpc\/connect-web)(\/|$)/;
const connectOnNode = /^(@(bufbuild\/protobuf|connectrpc\/connect|connectrpc\/connect-node)(\/|$)|node:)/;

/** The first zone that a file belongs to holds; tests, contract suites and what they stand on are free. */
const zones: readonly Zone[] = [
  { files: /\.(test|contract)\.ts$|\/testing\//, folders: [""] },
  { files: /^services\/[^/]+\.ts$/, folders: ["gen/", "platform/", "services/", "gateway/"] },
  { files: /^services\/([^/]+)\//, folders: ["gen/", "platform/", "services/$1/"] },
  { files: /^gateway\//, folders: ["gen/", "platform/", "gateway/"] },
  { files: /^platform\//, folders: ["gen/", "platform/"] },
  { files: /^clients\/sdk\/node\//, folders: ["gen/", "clients/sdk/"], packages: connectOnNode },
  { files: /^clients\/sdk\//, folders: ["gen/", "clients/sdk/"], packages: connect },
  { files: /^clients\/cli\//, folders: ["gen/", "clients/sdk/", "clients/cli/"] },
];

/** On the server only these name the adapter of an engine: modules, and the boot that opens what all of them share. */
const assemblers = [
  /(^|\/)([a-z-]+-)?module\.ts$/,
  /^services\/[^/]+\/stores\/open-stores\.ts$/,
  /^services\/[^/]+\.ts$/,
  /^platform\/runtime\/(open-[a-z-]+|engines|remote-engines)\.ts$/,
  /^services\/backup\/(restore|recover[a-z-]*)\.ts$/,
  /\.(test|contract)\.ts$|\/testing\/|^clients\//,
];
const adapter =
  /^(?<port>.+)-(?<engine>sqlite|memory|fs|remote|cql|redis|nats|jetstream)\.ts$|^(?<port>services\/.+)-(?<engine>log)\.ts$/;

/** One sentence for each import that no rule allows. `files`: contents by path from the root. */
export function forbiddenImports(files: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  for (const [path, source] of files) {
    const zone = zones.find(({ files }) => files.test(path));
    if (!zone) {
      faults.push(`${path} is in no folder that ops/checks/boundaries.ts knows`);
      continue;
    }
    for (const specifier of importsOf(source)) {
      const target = resolveImport(path, specifier);
      if (!isAllowed(zone, path, target)) faults.push(`${path} may not import ${specifier}`);
      else if (!mayName(path, engineOf(target, files))) {
        faults.push(`${path} may not import ${specifier}: only module.ts names an engine`);
      }
    }
  }
  return faults;
}

function isAllowed(zone: Zone, path: string, target: string): boolean {
  if (!target.endsWith(".ts") && !target.startsWith("gen/")) return zone.packages?.test(target) ?? true;
  const folders = zone.folders.map((folder) => folder.replace("$1", zone.files.exec(path)?.[1] ?? ""));
  return folders.some((folder) => target.startsWith(folder));
}

/** An adapter may stand on others of its own engine. */
function mayName(path: string, engine: string | undefined): boolean {
  if (!engine || assemblers.some((assembler) => assembler.test(path))) return true;
  return adapter.exec(path)?.groups?.engine === engine;
}

/** The engine of an adapter, which stands beside its port: `bus-memory.ts` beside `bus.ts`. */
function engineOf(target: string, files: ReadonlyMap<string, string>): string | undefined {
  const { port, engine } = adapter.exec(target)?.groups ?? {};
  return port && files.has(`${port}.ts`) ? engine : undefined;
}

/** The path from the root, or the name of a package. */
function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith(".")) return normalize(join(from, "..", specifier));
  if (specifier === "@parley/sdk") return "clients/sdk/index.ts";
  if (specifier === "@parley/sdk/node") return "clients/sdk/node/index.ts";
  return specifier.replace(/^#/, "");
}

const importForms = [
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/gm,
  /^\s*import\s*"([^"]+)"/gm,
  /\bimport\(\s*"([^"]+)"/g,
  /\bnew Worker\(\s*new URL\(\s*"(\.[^"]+)"/g,
];

function importsOf(source: string): string[] {
  return importForms.flatMap((form) => [...source.matchAll(form)].map((match) => match[1] ?? ""));
}
