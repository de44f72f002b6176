/** The rules of HTTP/2 (`h2spec`), held against Parley's port and against the bare `node:http2` that it stands on. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { type Http2Subject, openBareHttp2, openPort } from "./http2-subjects.ts";

const sections = ["generic", "http2", "hpack"];

export const transports = ["cleartext", "TLS"] as const;
export type Transport = (typeof transports)[number];

/** The cases of a suite that were run against one server. */
export interface Http2Report {
  readonly total: number;
  /** Names of the cases that failed, in the suite's order. */
  readonly failed: ReadonlySet<string>;
}

export interface Http2Comparison {
  readonly transport: Transport;
  readonly bare: Http2Report;
  readonly parley: Http2Report;
}

/** Cases that the port must fail though bare HTTP/2 passes them, and the rule that says so. */
export const excused: Readonly<Record<Transport, Readonly<Record<string, string>>>> = {
  cleartext: {
    "http2/3.5 Sends invalid connection preface":
      'RFC 9113, section 3.4: "an invalid preface indicates that the peer is not using HTTP/2". On this port it may be ' +
      "HTTP/1.1 instead, so it is answered in HTTP/1.1 (400) and closed; h2spec can't read that answer.",
  },
  TLS: {},
};

/** Runs all cases against both servers at once: most of the time is waiting for what does not come. */
export async function compareHttp2(transport: Transport): Promise<Http2Comparison> {
  const isSecure = transport === "TLS";
  const [bare, parley] = await Promise.all([inspect(openBareHttp2, isSecure), inspect(openPort, isSecure)]);
  return { transport, bare, parley };
}

/** Names of the cases that the port fails without excuse where bare HTTP/2 passes them. */
export function regressionsOf({ transport, bare, parley }: Http2Comparison): string[] {
  return [...parley.failed].filter((name) => !bare.failed.has(name) && !excused[transport][name]);
}

async function inspect(open: (isSecure: boolean) => Promise<Http2Subject>, isSecure: boolean): Promise<Http2Report> {
  const folder = mkdtempSync(join(tmpdir(), "parley-h2spec-"));
  const report = join(folder, "report.xml");
  const subject = await open(isSecure);
  try {
    const target = [
      "--host",
      "127.0.0.1",
      "--port",
      String(subject.port),
      ...(isSecure ? ["--tls", "--insecure"] : []),
    ];
    const { stdout, stderr } = await runCommand(["h2spec", ...sections, ...target, "--junit-report", report]);
    const outcome = readReport(readFileSync(report, "utf8"));
    if (outcome.total === 0) throw new Error(`h2spec ran no case:\n${stdout}${stderr}`);
    return outcome;
  } finally {
    await subject.close();
    rmSync(folder, { recursive: true });
  }
}

/** Reads h2spec's report. Cases that it skips, as it does where a server sets no limit, count as neither. */
export function readReport(xml: string): Http2Report {
  const cases = xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>\s*(<error>|<failure>|<skipped>)?/g);
  const failed = new Set<string>();
  let total = 0;
  for (const [, section, title, outcome] of cases) {
    if (outcome === "<skipped>") continue;
    total++;
    if (outcome) failed.add(`${section} ${unescapeXml(title ?? "")}`);
  }
  return { total, failed };
}

function unescapeXml(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))).replaceAll("&amp;", "&");
}
