import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import { platformErrors } from "../errors.ts";

/** How long another process may take to answer, in milliseconds. */
export interface PeerTimes {
  /** For a connection to be made. */
  readonly connect: number;
  /** Between two PINGs of a connection: it is cut where one is not answered before the next. */
  readonly ping: number;
}

export const peerTimes: PeerTimes = { connect: 2_000, ping: 5_000 };
/** Looks at a connection before it counts as one that can't be made: none is taken while this process stands still. */
const connectLooks = 10;
/** Most calls that one connection carries at a time, where the other end does not allow fewer. */
export const maxCallsOfConnection = 200;
/** What may be on its way to this process on one connection. */
const windowBytes = 1024 * 1024;
const sessionMegabytes = 64;

/** A connection to another process, from the moment on that it is being made. */
export class PeerConnection {
  /** Resolves true once it can be used, false where it could not be made. */
  readonly ready: Promise<boolean>;
  state: "opening" | "ready" | "leaving" = "opening";
  readonly #session: ClientHttp2Session;
  #calls = 0;
  readonly #callEnded = (): void => void this.#calls--;

  constructor(url: string, times: PeerTimes, onGone: (connection: PeerConnection) => void) {
    const session = connect(url, { maxSessionMemory: sessionMegabytes });
    this.#session = session;
    let looks = connectLooks;
    const look = () => --looks === 0 && this.close();
    const looking = setInterval(look, times.connect / connectLooks).unref();
    this.ready = new Promise((resolve) => {
      // Only now it is known that the other end listens, and how many calls it takes.
      session.once("remoteSettings", () => {
        this.state = "ready";
        session.setLocalWindowSize(windowBytes);
        resolve(true);
      });
      session.once("close", () => resolve(false));
    });
    const pinging = setInterval(
      pinger(session, () => this.close()),
      times.ping,
    ).unref();
    void this.ready.then(() => clearInterval(looking));
    // What fails ends with `close`, too.
    session.on("error", () => {});
    session.once("goaway", () => {
      this.state = "leaving";
    });
    session.once("close", () => {
      this.state = "leaving";
      clearInterval(pinging);
      onGone(this);
    });
  }

  get hasRoom(): boolean {
    if (this.state !== "ready" || this.#session.closed || this.#session.destroyed) return false;
    const allowed = this.#session.remoteSettings?.maxConcurrentStreams ?? maxCallsOfConnection;
    return this.#calls < Math.min(maxCallsOfConnection, allowed);
  }

  request(headers: OutgoingHttpHeaders, options?: ClientSessionRequestOptions): ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    this.#calls++;
    stream.on("close", this.#callEnded);
    // It may fail before its caller listens; what fails ends with `close`, too.
    stream.on("error", ignore);
    return stream;
  }

  /** Cuts it, with an error, so that no call takes it for the end of its answer. Closing twice is harmless. */
  close(): void {
    this.state = "leaving";
    this.#session.destroy(platformErrors.PEER_UNREACHABLE(), constants.NGHTTP2_CANCEL);
  }
}

/** Cuts a session that answers nothing between two turns of its timer. */
function pinger(session: ClientHttp2Session, cut: () => void): () => void {
  let isWaiting = false;
  const cutIfStillWaiting = () => {
    if (isWaiting) cut();
  };
  return () => {
    if (session.connecting || session.destroyed) return;
    if (isWaiting) {
      // Where this process stood still, the answer may be there and is only still to be read.
      setImmediate(() => setImmediate(cutIfStillWaiting));
      return;
    }
    isWaiting = true;
    session.ping(() => {
      isWaiting = false;
    });
  };
}

function ignore(): void {}
