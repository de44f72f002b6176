import type { WebSocket } from "ws";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { closeCodes } from "./close-codes.ts";
import { sweepMs, type WebSocketTimes } from "./websocket-limits.ts";

/** Finds WebSockets whose client is gone or never says who it is. One sweep looks after all of them. */
export interface Keepalive {
  /** Looks after a WebSocket until it closes. */
  watch(webSocket: WebSocket): Watched;
}

export interface Watched {
  /** The first message came. */
  begin(): void;
}

export function createKeepalive(times: WebSocketTimes): Keepalive {
  const everyMs = Math.min(sweepMs, times.headersMs, times.keepaliveMs, times.keepaliveAnswerMs);
  const watched = new Set<Pulse>();
  let isSweeping = false;
  const sweep = () => {
    const now = performance.now();
    for (const pulse of watched) pulse.check(now);
    isSweeping = watched.size > 0;
    if (isSweeping) coarseTimers.after(everyMs, sweep);
  };
  return {
    watch(webSocket) {
      const pulse = new Pulse(webSocket, times);
      watched.add(pulse);
      webSocket.once("close", () => watched.delete(pulse));
      if (!isSweeping) coarseTimers.after(everyMs, sweep);
      isSweeping = true;
      return pulse;
    },
  };
}

class Pulse implements Watched {
  readonly #webSocket: WebSocket;
  readonly #times: WebSocketTimes;
  readonly #openedAt = performance.now();
  #pingedAt: number;
  #awaitsPong = false;
  #hasBegun = false;

  constructor(webSocket: WebSocket, times: WebSocketTimes) {
    this.#webSocket = webSocket;
    this.#times = times;
    // Of clients that connect together, not all are pinged together.
    this.#pingedAt = this.#openedAt - Math.random() * times.keepaliveMs;
    webSocket.on("pong", () => {
      this.#awaitsPong = false;
    });
  }

  begin(): void {
    this.#hasBegun = true;
  }

  check(now: number): void {
    const webSocket = this.#webSocket;
    if (!this.#hasBegun && now - this.#openedAt >= this.#times.headersMs) {
      webSocket.close(closeCodes.refused, "the first message did not come in time");
    }
    if (this.#awaitsPong) {
      // While the server does not read, it can't hear the answer.
      if (webSocket.isPaused) this.#pingedAt = now;
      else if (now - this.#pingedAt >= this.#times.keepaliveAnswerMs) webSocket.terminate();
    } else if (now - this.#pingedAt >= this.#times.keepaliveMs && webSocket.readyState === webSocket.OPEN) {
      this.#pingedAt = now;
      this.#awaitsPong = true;
      webSocket.ping();
    }
  }
}
