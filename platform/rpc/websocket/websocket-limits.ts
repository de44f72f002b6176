/** How long clients may take, in milliseconds. */
export interface WebSocketTimes {
  /** To send the first message, which says who calls. */
  readonly firstMessage: number;
  /** Between pings. */
  readonly ping: number;
  /** To answer a ping. */
  readonly pong: number;
  /** To answer that the WebSocket closes. */
  readonly closing: number;
  /** How often all of these but the last are looked after. */
  readonly sweep: number;
}

export const webSocketTimes: WebSocketTimes = {
  firstMessage: 10_000,
  ping: 25_000,
  pong: 20_000,
  closing: 10_000,
  sweep: 1_000,
};

/** Largest first message: it comes from strangers. */
export const maxFirstMessageBytes = 16 * 1024;
/** Most fragments of one message. */
export const maxFragments = 1_024;
/** Most pieces in which the network may bring one message. */
export const maxPieces = 4_096;
/** Most bytes that wait for a client to read them. Who answers a call holds back long before; this bounds one who doesn't. */
export const maxUnsentBytes = 8 * 1024 * 1024;
