/** How long clients may take, in milliseconds. */
export interface PortTimes {
  /** To say which protocol they speak, TLS handshake included. */
  readonly sniff: number;
  /** To send the headers of an HTTP/1.1 request. */
  readonly headers: number;
  /** To send a whole HTTP/1.1 request. */
  readonly request: number;
  /** To open the first stream of an HTTP/2 connection. */
  readonly firstStream: number;
  /** To let anything move on a connection; open streams have heartbeats. */
  readonly idleSession: number;
}

export const portTimes: PortTimes = {
  sniff: 10_000,
  headers: 10_000,
  request: 60_000,
  firstStream: 10_000,
  idleSession: 300_000,
};

/** Most bytes of the headers of one request. */
export const maxHeaderBytes = 16 * 1024;
/** Most streams that one HTTP/2 connection may have open. */
export const maxConcurrentStreams = 256;
/** Most memory that one HTTP/2 connection may hold, in megabytes; beyond it new streams are refused. */
export const maxSessionMegabytes = 64;
/** Most connections at a time; more are closed as they come. */
export const maxConnections = 200_000;
