import { createRandom } from "../scenarios/crew.ts";
import { breakOff, cutHttp1, sayNothing } from "./behaviours/aborts.ts";
import type { Behaviour, Scene } from "./behaviours/behaviour.ts";
import { logIn, read, send, sendBurst } from "./behaviours/calls.ts";
import { noise, wrongCalls, wrongResumeTokens } from "./behaviours/garbage.ts";
import { malformedFrames } from "./behaviours/garbage-frames.ts";
import { pause } from "./behaviours/raw.ts";
import { askWithoutReading, neverRead, readSlowly } from "./behaviours/slow-readers.ts";
import { logOutWhileListening, subscribe, talk } from "./behaviours/streams.ts";
import { cutWebSocket, neverReadWebSocket, wrongMessages } from "./behaviours/web-sockets.ts";
import { type Line, openLine, pickKind, shareConnections } from "./lines.ts";
import type { Person, Town } from "./town.ts";

/** Many short-lived clients of all kinds. */
export interface Load {
  /** How many lives of each kind went by. */
  readonly lives: ReadonlyMap<string, number>;
  /** What the server did that it must not; the first of them. */
  readonly faults: readonly string[];
  resume(): void;
  /** Resolves when nobody does anything any more and every connection is cut. */
  pause(): Promise<void>;
}

/** What clients do, and how often. */
const behaviours: Readonly<Record<string, readonly [weight: number, behaviour: Behaviour]>> = {
  read: [4, read],
  send: [8, send],
  "send a burst": [1, sendBurst],
  "log in": [1, logIn],
  "log out while listening": [1, logOutWhileListening],
  subscribe: [6, subscribe],
  talk: [6, talk],
  "break calls off": [6, breakOff],
  "cut HTTP/1.1": [6, cutHttp1],
  "say nothing": [2, sayNothing],
  "never read": [3, neverRead],
  "read slowly": [3, readSlowly],
  "ask without reading": [2, askWithoutReading],
  noise: [4, noise],
  "wrong calls": [6, wrongCalls],
  "wrong resume tokens": [2, wrongResumeTokens],
  "cut a WebSocket": [3, cutWebSocket],
  "never read a WebSocket": [2, neverReadWebSocket],
  "wrong messages": [3, wrongMessages],
  "malformed frames": [6, malformedFrames],
};

const urn = Object.entries(behaviours).flatMap(([name, [weight, act]]) => Array(weight).fill({ name, act }));
const sharedConnections = 3;
const longestPauseMs = 200;
const maxFaults = 20;

/** One client at a time for each of `people`; `seed` decides what they do. */
export function createLoad(town: Town, people: readonly Person[], seed: number): Load {
  const lives = new Map<string, number>();
  const faults: string[] = [];
  const randoms = people.map((_, n) => createRandom(seed * 1000 + n));
  let shared = shareConnections(town.url, sharedConnections);
  let isPaused = true;
  let running: Promise<void>[] = [];

  const live = async (person: Person, below: Scene["below"]) => {
    const { name, act } = urn[below(urn.length)];
    lives.set(name, (lives.get(name) ?? 0) + 1);
    const lines: Line[] = [];
    const line = () => {
      const made = openLine(town.url, pickKind(below), below(2) === 0 ? shared.pick(below) : undefined);
      lines.push(made);
      return made;
    };
    try {
      await act({ town, person, below, line });
    } catch (error) {
      if (faults.length < maxFaults) faults.push(`${name} over ${lines.map((each) => each.name)}: ${error}`);
    } finally {
      for (const each of lines) each.close();
    }
    await pause(below(longestPauseMs));
  };
  const liveOn = async (person: Person, below: Scene["below"]) => {
    while (!isPaused) await live(person, below);
  };

  return {
    lives,
    faults,
    resume() {
      if (!isPaused) return;
      isPaused = false;
      shared = shareConnections(town.url, sharedConnections);
      running = people.map((person, n) => liveOn(person, randoms[n] ?? (() => 0)));
    },
    async pause() {
      isPaused = true;
      await Promise.all(running);
      shared.close();
    },
  };
}
