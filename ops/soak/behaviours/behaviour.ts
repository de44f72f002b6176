import type { Line } from "../lines.ts";
import type { Person, Town } from "../town.ts";

/** Who does something, and where. */
export interface Scene {
  readonly town: Town;
  /** Nobody else acts for this person meanwhile. */
  readonly person: Person;
  /** Whole numbers below a bound. */
  readonly below: (bound: number) => number;
  /** A line of some kind, on connections of its own or shared ones; it is closed for the caller in the end. */
  line(): Line;
}

/**
 * A client's short life, of a few seconds at most: everything that it opens is closed when it is over, if not always
 * politely. Rejects where the server did what it must not.
 */
export type Behaviour = (scene: Scene) => Promise<void>;
