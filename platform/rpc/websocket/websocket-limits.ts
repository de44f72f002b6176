import type { PortLimits } from "../port/port-limits.ts";

/**
 * How long clients may take, as on other connections: `headersMs` to say who they are, and to answer that their
 * WebSocket closes; the others to be silent until they are pinged, and to answer that. And how often they may ping.
 */
export type WebSocketLimits = Pick<
  PortLimits,
  "headersMs" | "keepaliveMs" | "keepaliveAnswerMs" | "controlFramesPerSecond"
>;

/** How long one that says too much before it says who it is, is given to hear so. Nothing more is read from it. */
export const tooLargeMs = 500;
/** How often clients are looked after, at least. */
export const sweepMs = 1_000;
/** Largest first message: it comes from strangers. */
export const maxFirstMessageBytes = 16 * 1024;
/** Most fragments of one message. */
export const maxFragments = 1_024;
/** Most pieces in which the network may bring one message. */
export const maxPieces = 4_096;
/** Most pings whose answers are not sent yet: a client may say them faster than it reads. */
export const maxPendingPongs = 60;
/** Most bytes that wait for a client to read them. Who answers a call holds back long before; this bounds one who doesn't. */
export const maxUnsentBytes = 8 * 1024 * 1024;
