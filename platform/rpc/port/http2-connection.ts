import { constants, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { Allowance } from "./allowance.ts";
import type { PortLimits } from "./port-limits.ts";

/** So many bytes of answers earn a PING: clients measure their line with one as data comes. */
const bytesPerControlFrame = 64;
/** How many times longer the answer to a PING may take while other bytes come: it may wait behind them. */
const busyPatience = 3;

/**
 * What one HTTP/2 connection has used of its limits. There are many, so it has neither timers nor listeners of its own:
 * it is told what happens, and `look` is called now and then and tells it the time.
 */
export class Http2Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: PortLimits;
  readonly #resets = new Allowance();
  readonly #controlFrames = new Allowance();
  #openStreams = 0;
  #hadStream = false;
  /** Since the last look: it opened a stream; it gave another sign that it still sends whole frames. */
  #opened = false;
  #heard = false;
  /** When, as looks saw it, it last had a stream, and last was heard. */
  #usedAt: number;
  #heardAt: number;
  /** 0: no PING waits for its answer. */
  #pingedAt = 0;
  #readAtPing = 0;
  #written = 0;
  #isEnding = false;

  constructor(session: ServerHttp2Session, socket: Socket, limits: PortLimits, now: number) {
    this.#session = session;
    this.#socket = socket;
    this.#limits = limits;
    this.#usedAt = now;
    this.#heardAt = now;
  }

  streamOpened(): void {
    this.#openStreams++;
    this.#hadStream = true;
    this.#opened = true;
  }

  /** Broken off by either side: clients can make the server do so by frames that it must refuse (CVE-2025-8671). */
  streamClosed(wasBrokenOff: boolean): void {
    this.#openStreams--;
    const { streams, resetsPerSecond } = this.#limits;
    if (wasBrokenOff && !this.#resets.take(2 * streams, resetsPerSecond)) this.#calm();
  }

  /** A PING or SETTINGS came. Node answers all of them. */
  controlFrameCame(): void {
    this.#heard = true;
    const written = this.#socket.bytesWritten;
    const earned = Math.floor((written - this.#written) / bytesPerControlFrame);
    this.#written += earned * bytesPerControlFrame;
    const { controlFramesPerSecond } = this.#limits;
    if (!this.#controlFrames.take(10 * controlFramesPerSecond, controlFramesPerSecond, earned)) this.#calm();
  }

  look(now: number): void {
    if (this.#session.destroyed) {
      this.#cutSocketLater();
      return;
    }
    if (this.#openStreams > 0 || this.#opened) this.#usedAt = now;
    if (this.#opened || this.#heard) this.#heardAt = now;
    this.#opened = false;
    this.#heard = false;
    const { headersMs, idleMs } = this.#limits;
    if (now - this.#usedAt < (this.#hadStream ? idleMs : headersMs)) this.#keepAlive(now);
    else if (this.#hadStream) this.close();
    else this.cut();
  }

  /** Takes no more streams; once there are none, a client that keeps the connection is cut. */
  close(): void {
    this.#session.close();
    if (this.#openStreams === 0) this.#cutSocketLater();
  }

  cut(): void {
    this.#session.destroy();
    this.#cutSocketLater();
  }

  #calm(): void {
    this.#session.destroy(tooMuch, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#cutSocketLater();
  }

  #keepAlive(now: number): void {
    const { keepaliveMs, keepaliveAnswerMs } = this.#limits;
    if (this.#pingedAt === 0) {
      if (now - this.#heardAt >= keepaliveMs) this.#ping(now);
      return;
    }
    const isBusy = this.#socket.bytesRead > this.#readAtPing;
    if (now - this.#pingedAt >= keepaliveAnswerMs * (isBusy ? busyPatience : 1)) this.#socket.destroy();
  }

  #ping(now: number): void {
    this.#pingedAt = now;
    this.#readAtPing = this.#socket.bytesRead;
    this.#session.ping((error) => {
      if (error) return;
      this.#pingedAt = 0;
      this.#heard = true;
    });
  }

  /** What the session still has to say may never be taken, nor the end of the connection be answered. */
  #cutSocketLater(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const timer = coarseTimers.after(this.#limits.keepaliveAnswerMs, () => this.#socket.destroy());
    this.#socket.once("close", () => timer.cancel());
  }
}

const tooMuch = new Error("the client breaks off too many streams, or sends too many PING or SETTINGS frames");
