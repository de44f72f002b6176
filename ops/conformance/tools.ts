/** The programs that the suites are. They are installed with Go. */
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "../command.ts";

const installs: Readonly<Record<string, string>> = {
  connectconformance: "go install connectrpc.com/conformance/cmd/connectconformance@v1.0.6",
  h2spec: "go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible",
};

/** Puts the folders where Go installs programs at the end of PATH, so that they are found without further ado. */
export function addGoFolders(): void {
  const folders = [process.env.GOBIN, join(root, ".ci/bin"), join(homedir(), "go/bin")];
  process.env.PATH = [process.env.PATH, ...folders.filter(Boolean)].join(delimiter);
}

/** What to tell where a program could not be started, or undefined where it was another failure. */
export function missingToolOf(error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT" && "path" in error)) return undefined;
  const install = installs[String(error.path)];
  return install && `${error.path} is not on PATH. With Go, this installs it: ${install}`;
}
