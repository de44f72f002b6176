import { constants, performServerHandshake, type ServerHttp2Session, type ServerOptions } from "node:http2";
import type { Socket } from "node:net";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { Allowance } from "./allowance.ts";
import type { PortLimits } from "./port-limits.ts";

/** How long a connection that was closed may take to say so before its socket is cut. */
const closingMs = 5_000;
/** An answer of so many bytes earns a control frame: clients measure their line with a PING as data comes. */
const bytesPerControlFrame = 64;
/** How many times longer an answer to a PING may take while other bytes come: it may wait behind them. */
const busyPatience = 3;

/**
 * One HTTP/2 connection and what it has used of its limits. It has no timer of its own: `look` is called now and then
 * and tells it the time.
 */
export class Http2Connection {
  readonly session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: PortLimits;
  readonly #resets = new Allowance();
  readonly #controlFrames = new Allowance();
  #openStreams = 0;
  #hadStream = false;
  /** Since the last look: it opened a stream; it gave another sign that it reads frames in time. */
  #opened = false;
  #heard = false;
  /** When, seen by looks, it last had a stream, and last was heard. */
  #usedAt: number;
  #heardAt: number;
  /** 0: no PING waits for its answer. */
  #pingedAt = 0;
  #readAtPing = 0;
  #writtenBefore = 0;

  constructor(socket: Socket, options: ServerOptions, limits: PortLimits, now: number) {
    this.#socket = socket;
    this.#limits = limits;
    this.#usedAt = now;
    this.#heardAt = now;
    this.session = performServerHandshake(socket, options);
    this.session.on("error", ignore);
    // Node gives no say in how many come; each is answered.
    this.session.on("ping", this.#countControlFrame);
    this.session.on("remoteSettings", this.#countControlFrame);
  }

  streamOpened(): void {
    this.#openStreams++;
    this.#hadStream = true;
    this.#opened = true;
  }

  /** Broken off, by either side: a client makes the server do so by frames that it must not send (CVE-2025-8671). */
  streamClosed(wasBrokenOff: boolean): void {
    this.#openStreams--;
    const { streams, resetsPerSecond } = this.#limits;
    if (wasBrokenOff && !this.#resets.take(2 * streams, resetsPerSecond)) this.#calm();
  }

  look(now: number): void {
    const { headersMs, idleMs } = this.#limits;
    if (this.#openStreams > 0 || this.#opened) this.#usedAt = now;
    if (this.#opened || this.#heard) this.#heardAt = now;
    this.#opened = false;
    this.#heard = false;
    if (now - this.#usedAt < (this.#hadStream ? idleMs : headersMs)) this.#keepAlive(now);
    else if (this.#hadStream) this.close();
    else this.cut();
  }

  /** Lets streams end and takes no more; a client that then keeps the connection is cut. */
  close(): void {
    this.session.close();
    if (this.#openStreams === 0) this.#cutSocketAfter(closingMs);
  }

  cut(): void {
    this.session.destroy();
    // What the session still has to send may never be taken.
    this.#cutSocketAfter(closingMs);
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
    this.session.ping((error) => {
      if (error) return;
      this.#pingedAt = 0;
      this.#heard = true;
    });
  }

  readonly #countControlFrame = (): void => {
    this.#heard = true;
    const { controlFramesPerSecond } = this.#limits;
    if (!this.#controlFrames.take(10 * controlFramesPerSecond, controlFramesPerSecond, this.#earned)) this.#calm();
  };

  readonly #earned = (): number => {
    const earned = (this.#socket.bytesWritten - this.#writtenBefore) / bytesPerControlFrame;
    this.#writtenBefore = this.#socket.bytesWritten;
    return earned;
  };

  #calm(): void {
    this.session.destroy(tooMuch, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#cutSocketAfter(closingMs);
  }

  #cutSocketAfter(ms: number): void {
    const timer = coarseTimers.after(ms, () => this.#socket.destroy());
    this.#socket.once("close", () => timer.cancel());
  }
}

const tooMuch = new Error("the client breaks off too many streams, or sends too many PING or SETTINGS frames");

function ignore(): void {}
