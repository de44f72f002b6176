import type { ConnectError } from "@connectrpc/connect";

/** How much of a request is taken, and for how long. */
export interface ReadLimits {
  /** Most bytes of one message, after decompression too. */
  readonly maxMessageBytes: number;
  /** How long the one message of a unary or server-streaming call may take to arrive. */
  readonly timeoutMs: number;
  /** Told how many bytes more, or fewer, wait for the rest of their message. Throws where they are too many. */
  readonly hold: (bytes: number) => void;
}

/** What implementations say beside their messages; absent: nothing. */
export interface Metadata {
  readonly header?: Headers | undefined;
  readonly trailer?: Headers | undefined;
}

/** One call as its protocol has it on the wire: how requests are read and how the answer is told. Messages are encoded. */
export interface Wire {
  readonly protocolName: "connect" | "grpc" | "grpc-web";
  readonly codec: Codec;
  /** How long the caller waits; absent: for ever. */
  readonly timeoutMs?: number | undefined;
  /** What is wrong with the head of the call: to be told instead of an answer, before anything is read. */
  readonly error?: ConnectError | undefined;
  /** The one message of a unary or server-streaming call. Throws where there is none, or another one. */
  readOne(limits: ReadLimits): Promise<Uint8Array>;
  /** The messages of a client that streams, at the reader's pace. */
  readEach(limits: ReadLimits): AsyncIterableIterator<Uint8Array>;
  /** Tells the one message of an answer, and its end. */
  answer(message: Uint8Array, metadata: Metadata): Promise<void>;
  /** Tells one message of several. Resolves when the client has room for another. */
  send(message: Uint8Array, metadata: Metadata): Promise<void>;
  /** Ends an answer of several messages. */
  end(metadata: Metadata): void;
  /** Ends the answer with an error. */
  fail(error: ConnectError, metadata: Metadata): void;
}

export type Codec = "binary" | "json";
