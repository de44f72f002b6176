import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Authenticator } from "./authenticator.ts";
import { type Exchange, pathOf } from "./exchange/exchange.ts";

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
export type Pages = (exchange: Exchange) => boolean;

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
  return (exchange) => {
    const path = pathOf(exchange);
    const page = pages.get(path);
    if (!page) return false;
    if (exchange.method !== "GET" && exchange.method !== "HEAD") {
      exchange.commonHeaders.allow = "GET, HEAD";
      send(exchange, text(405, "only GET"));
    } else {
      void make(path, page).then((content) => send(exchange, content));
    }
    return true;
  };
}

export function send(exchange: Exchange, { status, type, body }: Page): void {
  const bytes = Buffer.from(body);
  const headers = { "content-type": type, "content-length": bytes.length, "cache-control": "no-cache" };
  exchange.answer(status, headers, bytes);
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
