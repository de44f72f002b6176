import { describe, expect, test } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { compareHttp2, readReport, regressionsOf, transports } from "./http2-spec.ts";
import { addGoFolders } from "./tools.ts";

addGoFolders();

/** Some cases wait two seconds each for what does not come. */
const specMs = 120_000;

testWithTools(
  ["h2spec"],
  "the port keeps the rules of HTTP/2 as well as node:http2 does",
  async () => {
    const comparisons = await Promise.all(transports.map(compareHttp2));
    expect(Object.fromEntries(comparisons.map((it) => [it.transport, regressionsOf(it)]))).toEqual({
      cleartext: [],
      TLS: [],
    });
  },
  specMs,
);

describe("what h2spec reports", () => {
  const report = (outcome: string) =>
    readReport(`<testcase package="http2/5.1" classname="a &#34;b&#34; &amp; c" time="0.1">${outcome}</testcase>`);

  test("cases that failed have names; skipped ones count for nothing", () => {
    const failed = new Set(['http2/5.1 a "b" & c']);
    expect(report("\n  <error>one\nother</error>")).toEqual({ total: 1, failed });
    expect(report("<failure></failure>")).toEqual({ total: 1, failed });
    expect(report("<skipped></skipped>")).toEqual({ total: 0, failed: new Set() });
    expect(report("")).toEqual({ total: 1, failed: new Set() });
  });

  test("what bare HTTP/2 fails too, and what a rule excuses, is no fault of the port", () => {
    const [both, alone] = ["http2/5.1 both", "http2/5.1 alone"];
    const preface = "http2/3.5 Sends invalid connection preface";
    const bare = { total: 3, failed: new Set([both]) };
    const parley = { total: 3, failed: new Set([both, alone, preface]) };
    expect(regressionsOf({ transport: "cleartext", bare, parley })).toEqual([alone]);
    expect(regressionsOf({ transport: "TLS", bare, parley })).toEqual([alone, preface]);
  });
});
