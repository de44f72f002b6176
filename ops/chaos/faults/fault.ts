import type { Outage } from "../evidence.ts";
import type { Installation } from "../installation/installation.ts";
import type { Subject } from "../round.ts";

export interface Scene extends Subject {
  readonly installation: Installation;
  /** Whole numbers below a bound, from the seed. */
  readonly below: (bound: number) => number;
  /** How long a fault lasts that lasts. */
  readonly lastsMs: number;
  /** Takes note of a time in which stalls do not count. */
  readonly noteOutage: (outage: Outage) => void;
}

/** Something that happens to an installation under load. */
export interface Fault {
  readonly name: string;
  /** What an installation has to be able to suffer it. */
  readonly needs?: "own engines" | "network" | "disks";
  /** Nobody can be asked meanwhile whether a session has ended. */
  readonly hidesSessions?: boolean;
  /** Lets it happen and heals it. What is left undone is undone when the installation stops. */
  strike(scene: Scene): Promise<void>;
}
