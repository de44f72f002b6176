import type { Measured } from "../../load/process.ts";

/** Subscribers of one conversation. */
export interface Crowd {
  readonly name: string;
  readonly server: Measured;
  /** Subscribes so many more, that many on a connection. */
  add(subscribers: number, perConnection: number): Promise<void>;
  /** Deliveries that have arrived. */
  arrived(): number;
  /** Publishes so many messages at once; resolves when the server has taken them. */
  publish(messages: number): Promise<void>;
  /** Ends the server, too. */
  close(): Promise<void>;
}

/** Starts the server of a crowd that will have at most `most` subscribers and has none yet. */
export type OpenCrowd = (most: number, env?: Readonly<Record<string, string>>) => Promise<Crowd>;
