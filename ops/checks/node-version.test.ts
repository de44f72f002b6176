import { expect, test } from "vitest";
import { runCommand } from "../command.ts";

/** Runs the check as a Node of another version would. */
function checkOn(version: string) {
  const script = `Object.defineProperty(process, "versions", { value: { node: "${version}" } });
    require("./ops/checks/node-version.cjs");`;
  return runCommand([process.execPath, "-e", script]);
}

test.each(["24.14.1", "24.15.0", "26.0.0"])("Node %s will do", async (version) => {
  expect(await checkOn(version)).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.each(["12.22.12", "20.20.2", "24.14.0"])("Node %s is told the fix", async (version) => {
  const { code, stderr } = await checkOn(version);
  expect(code).toBe(1);
  expect(stderr).toContain(`this is Node ${version}`);
  expect(stderr).toContain("npm ci");
});
