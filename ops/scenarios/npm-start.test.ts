import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { startCommand } from "../command.ts";

test("npm start serves, and a signal to npm reaches the server", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-start-"));
  const npm = startCommand(["npm", "start"], { env: { PARLEY_DATA: dataDir, PARLEY_LISTEN: "127.0.0.1:0" } });
  try {
    let printed = "";
    npm.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const url = () => /ready at (http\S+)/.exec(printed)?.[1];
    await until(() => (url() ? "" : `no URL in: ${printed}`));
    expect((await fetch(`${url()}/readyz`)).status).toBe(200);
    npm.kill("SIGTERM");
    await once(npm, "close");
    expect(printed).toContain("Parley has stopped.");
  } finally {
    npm.kill("SIGKILL");
    rmSync(dataDir, { recursive: true });
  }
});
