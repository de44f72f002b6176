import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { startCommand } from "../command.ts";
import { openSite, type Site } from "./browser/site.ts";

/** A browser takes seconds to start on a busy machine. */
const browserMs = 60_000;

/** A server, and two sites of which it lists the first. */
async function open(): Promise<{ stack: Stack; listed: Site; other: Site }> {
  const [listed, other] = [await openSite(), await openSite()];
  const stack = await startStack({ PARLEY_ALLOWED_ORIGINS: listed.origin });
  listed.serve({ url: stack.url, isListed: true });
  other.serve({ url: stack.url, isListed: false });
  onTestFinished(async () => {
    for (const site of [listed, other]) site.close();
    await stack.stop();
  });
  return { stack, listed, other };
}

/** What came of what the page of a site did in Chromium. */
async function visit({ origin, outcomes }: Site): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), "parley-browser-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const browser = startCommand([
    "chromium",
    ...flags,
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    origin,
  ]);
  const ended = once(browser, "exit");
  try {
    return await Promise.race([outcomes, ended.then(() => "the browser ended")]);
  } finally {
    browser.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

testWithTools(
  ["chromium"],
  "a page of a listed origin calls and streams in every way that browsers have",
  async () => {
    const { listed } = await open();
    expect(await visit(listed)).toEqual({
      "the SDK over WebSocket": "hello",
      "a message on a stream": true,
      "the SDK by fetch": "hello",
      "Connect in JSON": "person7",
      "Connect by GET": "person8",
      "gRPC-Web": "person9",
      "a stream of Connect": "caughtUp",
      "a stream of gRPC-Web": "caughtUp",
      "by hand": { first: "caughtUp", code: 1005 },
      "by hand, with a wrong token": { error: "unauthenticated", code: 1000 },
    });
  },
  browserMs,
);

testWithTools(
  ["chromium"],
  "a page of another origin is let in nowhere",
  async () => {
    const { other } = await open();
    const unread = expect.stringContaining("Failed to fetch");
    expect(await visit(other)).toEqual({
      "Connect in JSON": unread,
      "gRPC-Web": unread,
      "by hand": { code: 1006 },
    });
  },
  browserMs,
);
