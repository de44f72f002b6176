/** Programs that nobody here wrote, each as a client of the server. */
import { once } from "node:events";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Command, runCommand, startCommand } from "../command.ts";

export interface ForeignClient {
  readonly name: string;
  /** The program, which must be on PATH. */
  readonly program: string;
  /** Makes a call. Throws CallFailed with what the program printed where the server refuses. */
  call(method: string, request: JsonObject, token?: string): Promise<JsonObject>;
  /** Opens a stream of answers to one request. */
  stream(method: string, request: JsonObject, token: string): ForeignStream;
}

export interface ForeignStream {
  /** The messages that came so far. Throws CallFailed with what the program printed once it has failed. */
  messages(): JsonObject[];
  /** Ends the program and waits until it is gone. */
  close(): Promise<void>;
}

export class CallFailed extends Error {
  override readonly name = "CallFailed";
}

/** Calls with JSON over Connect, on HTTP/1.1 or HTTP/2; calls named in `reads` go as GET. */
export function curl(url: string, reads: readonly string[], flags: readonly string[] = []): ForeignClient {
  const command = (method: string, token: string | undefined, ...rest: string[]): Command => [
    "curl",
    ...["--silent", "--no-buffer", ...flags, ...bearer("--header", token), ...rest, `${url}/${method}`],
  ];
  return {
    name: ["curl", ...flags].join(" "),
    program: "curl",
    async call(method, request, token) {
      const message = JSON.stringify(request);
      const rest = reads.includes(method)
        ? ["--get", "--data", "connect=v1&encoding=json", "--data-urlencode", `message=${message}`]
        : ["--header", "Content-Type: application/json", "--data", message];
      return parseCall(await runCommand(command(method, token, "--fail-with-body", ...rest)));
    },
    stream: (method, request, token) =>
      openStream(
        command(method, token, "--header", "Content-Type: application/connect+json", "--data-binary", "@-"),
        envelope(JSON.stringify(request)),
        openEnvelopes,
      ),
  };
}

/** Calls with what it learns of the contracts by reflection, over gRPC, gRPC-Web or Connect. */
export function bufCurl(url: string, protocol: "grpc" | "grpcweb" | "connect"): ForeignClient {
  const command = (method: string, token: string | undefined): Command => [
    "buf",
    ...["curl", "--protocol", protocol, ...(protocol === "grpc" ? ["--http2-prior-knowledge"] : [])],
    ...[...bearer("--header", token), "--data", "@-", `${url}/${method}`],
  ];
  return {
    name: `buf curl --protocol ${protocol}`,
    program: "buf",
    call: async (method, request, token) =>
      parseCall(await runCommand(command(method, token), { input: JSON.stringify(request) })),
    stream: (method, request, token) => openStream(command(method, token), JSON.stringify(request), splitDocuments),
  };
}

export interface ForeignDuplexClient extends ForeignClient {
  /** Opens a stream of both directions and makes the requests; more could follow. */
  duplex(method: string, requests: readonly JsonObject[], token: string): ForeignStream;
}

/** Calls over gRPC with what it learns of the contracts by reflection. */
export function grpcurl(url: string): ForeignDuplexClient {
  const command = (method: string, token: string | undefined): Command => [
    "grpcurl",
    ...["-plaintext", ...bearer("-H", token), "-d", "@", new URL(url).host, method],
  ];
  return {
    name: "grpcurl",
    program: "grpcurl",
    call: async (method, request, token) =>
      parseCall(await runCommand(command(method, token), { input: JSON.stringify(request) })),
    stream: (method, request, token) => openStream(command(method, token), JSON.stringify(request), splitDocuments),
    duplex: (method, requests, token) =>
      openStream(command(method, token), requests.map((it) => JSON.stringify(it)).join("\n"), splitDocuments, false),
  };
}

function bearer(flag: string, token: string | undefined): string[] {
  return token ? [flag, `Authorization: Bearer ${token}`] : [];
}

function parseCall({ code, stdout, stderr }: Awaited<ReturnType<typeof runCommand>>): JsonObject {
  if (code !== 0) throw new CallFailed(stdout + stderr);
  return JSON.parse(stdout);
}

function openStream(
  command: Command,
  input: string | Uint8Array,
  split: (bytes: Buffer) => string[],
  inputEnds = true,
): ForeignStream {
  const child = startCommand(command, { input, inputEnds });
  const chunks: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => complaints.push(chunk));
  return {
    messages() {
      if (child.exitCode) throw new CallFailed(Buffer.concat([...chunks, ...complaints]).toString());
      return split(Buffer.concat(chunks)).map((text) => JSON.parse(text));
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The JSON documents in a text, each on a line of its own or indented. An unfinished one is left out. */
export function splitDocuments(bytes: Buffer): string[] {
  const documents: string[] = [];
  let open = "";
  for (const line of bytes.toString().split("\n")) {
    open += line;
    if (line === "}" || line === "{}" || (open === line && /^\{.*\}$/.test(line))) {
      documents.push(open);
      open = "";
    }
  }
  return documents;
}

/** A message in the envelope of Connect streams: a byte of flags, 4 of length, the bytes. */
function envelope(message: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(message), 1);
  return Buffer.concat([head, Buffer.from(message)]);
}

function openEnvelopes(bytes: Buffer): string[] {
  const messages: string[] = [];
  let at = 0;
  while (at + 5 <= bytes.length) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push(bytes.toString("utf8", at + 5, end));
    at = end;
  }
  return messages;
}
