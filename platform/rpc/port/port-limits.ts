/** What a connection may take: how long, how much, how often. Clients see what `docs/limits.md` says. */
export interface PortLimits {
  /**
   * Milliseconds to say which protocol is spoken (TLS handshake included), to send the headers of an HTTP/1.1 request,
   * and to open the first stream of an HTTP/2 connection: each.
   */
  readonly headersMs: number;
  /** Milliseconds to send a whole HTTP/1.1 request. */
  readonly requestMs: number;
  /** Milliseconds without a call, after which a connection is let go of; or that a client may leave an answer unread. */
  readonly idleMs: number;
  /** Milliseconds after which a client that opened no stream is asked by PING whether it is still there. */
  readonly keepaliveMs: number;
  /** Milliseconds that it has to answer. */
  readonly keepaliveAnswerMs: number;
  /** Most bytes of the headers of one request. */
  readonly headerBytes: number;
  /** Most streams that one HTTP/2 connection may have open. */
  readonly streams: number;
  /** Most memory that HTTP/2 itself may take for one connection, in megabytes; beyond it new streams are refused. */
  readonly sessionMegabytes: number;
  /**
   * Streams that one connection may break off, a second; twice `streams` of them at once. One that a trusted proxy shares
   * between clients may `sharedResets` times as many a second, else one client could have it cut for all of them.
   */
  readonly resetsPerSecond: number;
  /** PING and SETTINGS frames that one connection may send, a second; ten times as many at once. */
  readonly controlFramesPerSecond: number;
}

export const portLimits: PortLimits = {
  headersMs: 10_000,
  requestMs: 60_000,
  idleMs: 300_000,
  keepaliveMs: 25_000,
  keepaliveAnswerMs: 20_000,
  headerBytes: 16 * 1024,
  streams: 1_000,
  sessionMegabytes: 64,
  resetsPerSecond: 50,
  controlFramesPerSecond: 100,
};

/** How many times more streams a second may be broken off on a connection that many clients share. */
export const sharedResets = 20;

/** Most requests that may wait on one HTTP/1.1 connection for the answer before them; of more the connection is cut. */
export const maxPipelined = 16;
