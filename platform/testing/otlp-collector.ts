import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** A span as a process exported it. */
export interface CollectedSpan {
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it begins its trace. */
  readonly parentSpanId: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the process: service, instance, targets. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

/** Takes what processes export, as OpenTelemetry's collector does. */
export interface OtlpCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Settings of a process that exports to it, soon after each span's end. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** One that does not keep what it is sent takes it in any form. */
export async function openOtlpCollector({ keeps = true } = {}): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    if (!keeps) {
      request.resume().on("end", () => response.setHeader("content-type", "application/x-protobuf").end());
      return;
    }
    if (request.url === "/v1/traces") spans.push(...spansOf(await bodyOf(request)));
    response.setHeader("content-type", "application/json").end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    url,
    spans,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "50",
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What of OTLP in JSON is read here. */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

interface ExportedSpan extends Pick<CollectedSpan, "name" | "traceId" | "spanId"> {
  readonly kind: number;
  readonly parentSpanId?: string;
  readonly links?: CollectedSpan["links"];
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

async function bodyOf(request: IncomingMessage): Promise<Export> {
  if (request.headers["content-encoding"] !== "gzip") return (await json(request)) as Export;
  const chunks: Buffer[] = await request.toArray();
  return JSON.parse(gunzipSync(Buffer.concat(chunks)).toString());
}

const kinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;

function spansOf({ resourceSpans }: Export): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        kind: kinds[span.kind] ?? "internal",
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        attributes: valuesOf(span.attributes),
        resource: valuesOf(resource.attributes),
        isError: span.status.code === 2,
      })),
    ),
  );
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
