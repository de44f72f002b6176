import type { WebSocket } from "ws";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { closeCodes } from "./close-codes.ts";
import type { WebSocketTimes } from "./websocket-limits.ts";

/** Finds WebSockets whose client is gone or never says who it is. One sweep looks after all of them. */
export interface Keepalive {
  /** Looks after a WebSocket until it closes. */
  watch(webSocket: WebSocket): Watched;
}

export interface Watched {
  /** The first message came. */
  begin(): void;
}

type Times = Pick<WebSocketTimes, "firstMessage" | "ping" | "pong" | "sweep">;

export function createKeepalive(times: Times): Keepalive {
  const watched = new Set<Pulse>();
  let isSweeping = false;
  const sweep = () => {
    const now = performance.now();
    for (const pulse of watched) pulse.check(now);
    isSweeping = watched.size > 0;
    if (isSweeping) coarseTimers.after(times.sweep, sweep);
  };
  return {
    watch(webSocket) {
      const pulse = new Pulse(webSocket, times);
      watched.add(pulse);
      webSocket.once("close", () => watched.delete(pulse));
      if (!isSweeping) coarseTimers.after(times.sweep, sweep);
      isSweeping = true;
      return pulse;
    },
  };
}

class Pulse implements Watched {
  readonly #webSocket: WebSocket;
  readonly #times: Times;
  readonly #openedAt = performance.now();
  #pingedAt: number;
  #awaitsPong = false;
  #hasBegun = false;

  constructor(webSocket: WebSocket, times: Times) {
    this.#webSocket = webSocket;
    this.#times = times;
    // Of clients that connect together, not all are pinged together.
    this.#pingedAt = this.#openedAt - Math.random() * times.ping;
    webSocket.on("pong", () => {
      this.#awaitsPong = false;
    });
  }

  begin(): void {
    this.#hasBegun = true;
  }

  check(now: number): void {
    const webSocket = this.#webSocket;
    if (!this.#hasBegun && now - this.#openedAt >= this.#times.firstMessage) {
      webSocket.close(closeCodes.refused, "the first message did not come in time");
    }
    if (this.#awaitsPong) {
      // While the server does not read, it can't hear the answer.
      if (webSocket.isPaused) this.#pingedAt = now;
      else if (now - this.#pingedAt >= this.#times.pong) webSocket.terminate();
    } else if (now - this.#pingedAt >= this.#times.ping && webSocket.readyState === webSocket.OPEN) {
      this.#pingedAt = now;
      this.#awaitsPong = true;
      webSocket.ping();
    }
  }
}
