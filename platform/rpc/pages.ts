import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Authenticator } from "./authenticator.ts";
import type { NodeRequest, NodeResponse } from "./node-request.ts";

export interface PagesOptions {
  /** Why the server can't serve now; empty: it can. */
  readonly notReady: () => string[];
  readonly metrics: Registry;
  readonly authenticator: () => Authenticator;
  readonly logger: Logger;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Answers the plain HTTP pages of operators and token verifiers; false where the path is none of them. */
export type Pages = (path: string, request: NodeRequest, response: NodeResponse) => boolean;

export function createPages({ notReady, metrics, authenticator, logger }: PagesOptions): Pages {
  const pages = new Map<string, () => Page | Promise<Page>>([
    ["/healthz", () => text(200, "ok")],
    ["/readyz", () => readyPage(notReady())],
    ["/metrics", async () => ({ status: 200, type: metrics.contentType, body: await metrics.metrics() })],
    ["/.well-known/jwks.json", () => json(authenticator().jwks())],
  ]);
  const make = async (path: string, page: () => Page | Promise<Page>): Promise<Page> => {
    try {
      return await page();
    } catch (error) {
      logger.error({ path, err: error }, "page failed by a defect");
      return text(500, "internal error");
    }
  };
  return (path, request, response) => {
    const page = pages.get(path);
    if (!page) return false;
    if (request.method !== "GET" && request.method !== "HEAD") send(response, text(405, "only GET"));
    else void make(path, page).then((content) => send(response, content));
    return true;
  };
}

export function send(response: NodeResponse, { status, type, body }: Page): void {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-cache" };
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(response.req.method === "HEAD" ? "" : body);
}

export function text(status: number, line: string): Page {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n` };
}

function json(value: unknown): Page {
  return { status: 200, type: "application/json", body: JSON.stringify(value) };
}

function readyPage(reasons: string[]): Page {
  return reasons.length === 0 ? text(200, "ready") : text(503, reasons.join("\n"));
}
