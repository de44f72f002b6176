import type { WebSocket } from "ws";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { Allowance } from "../port/allowance.ts";
import { closeCodes } from "./close-codes.ts";
import { sweepMs, type WebSocketLimits } from "./websocket-limits.ts";

/** Finds WebSockets whose client is gone, never says who it is, or pings all the time. One sweep looks after them. */
export interface Keepalive {
  /** Looks after a WebSocket until it closes. */
  watch(webSocket: WebSocket): Watched;
}

export interface Watched {
  /** The first message came. */
  begin(): void;
}

export function createKeepalive(limits: WebSocketLimits): Keepalive {
  const everyMs = Math.min(sweepMs, limits.headersMs, limits.keepaliveMs, limits.keepaliveAnswerMs);
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
      const pulse = new Pulse(webSocket, limits);
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
  readonly #limits: WebSocketLimits;
  readonly #openedAt = performance.now();
  #pingedAt: number;
  readonly #controlFrames = new Allowance();
  #awaitsPong = false;
  #hasBegun = false;

  constructor(webSocket: WebSocket, limits: WebSocketLimits) {
    this.#webSocket = webSocket;
    this.#limits = limits;
    // Of clients that connect together, not all are pinged together.
    this.#pingedAt = this.#openedAt - Math.random() * limits.keepaliveMs;
    webSocket.on("pong", () => {
      this.#awaitsPong = false;
      this.#countControlFrame();
    });
    webSocket.on("ping", () => this.#countControlFrame());
  }

  begin(): void {
    this.#hasBegun = true;
  }

  check(now: number): void {
    const webSocket = this.#webSocket;
    if (!this.#hasBegun && now - this.#openedAt >= this.#limits.headersMs) {
      webSocket.close(closeCodes.refused, "the first message did not come in time");
    }
    if (this.#awaitsPong) {
      // While the server does not read, it can't hear the answer.
      if (webSocket.isPaused) this.#pingedAt = now;
      else if (now - this.#pingedAt >= this.#limits.keepaliveAnswerMs) webSocket.terminate();
    } else if (now - this.#pingedAt >= this.#limits.keepaliveMs && webSocket.readyState === webSocket.OPEN) {
      this.#pingedAt = now;
      this.#awaitsPong = true;
      webSocket.ping();
    }
  }
  #countControlFrame(): void {
    const { controlFramesPerSecond } = this.#limits;
    if (!this.#controlFrames.take(10 * controlFramesPerSecond, controlFramesPerSecond)) this.#webSocket.terminate();
  }
}
