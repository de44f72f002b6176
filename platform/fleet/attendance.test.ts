import { describe, expect, test } from "vitest";
import { Attendance, beatMs, gapMs, silentBeats, silentBeatsAfterGap } from "./attendance.ts";

/** One process, and its own beats as they come back. */
function attending() {
  const attendance = new Attendance("self");
  let nowMs = 0;
  const beat = (times = 1, everyMs = beatMs) => {
    const gone: string[] = [];
    for (let count = 0; count < times; count++) {
      nowMs += everyMs;
      gone.push(...attendance.heardSelf(nowMs));
    }
    return gone;
  };
  return { attendance, beat };
}

describe("who is still heard", () => {
  test("one who falls silent is gone after five own beats, not before", () => {
    const { attendance, beat } = attending();
    beat(3);
    expect(attendance.heard("other")).toBe(true);
    expect(beat(silentBeats - 1)).toEqual([]);
    expect(attendance.mayRun("other")).toBe(true);
    expect(beat()).toEqual(["other"]);
    expect(attendance.mayRun("other")).toBe(false);
  });

  test("one who is heard again has all the time again", () => {
    const { attendance, beat } = attending();
    for (let round = 0; round < 20; round++) {
      attendance.heard("other");
      expect(beat(silentBeats - 1)).toEqual([]);
    }
    expect(attendance.heard("other")).toBe(false);
  });

  test("nobody is gone while this process does not hear itself, nor soon after", () => {
    const { attendance, beat } = attending();
    beat(20);
    attendance.heard("other");
    expect(beat(1, 60_000)).toEqual([]);
    expect(beat(silentBeatsAfterGap - 2)).toEqual([]);
    expect(beat(2)).toEqual(["other"]);
  });

  test("one who was never heard may run until this process has listened long enough", () => {
    const { attendance, beat } = attending();
    expect(attendance.mayRun("unknown")).toBe(true);
    beat(silentBeats);
    expect(attendance.mayRun("unknown")).toBe(false);
    beat(1, gapMs + 1);
    expect(attendance.mayRun("unknown")).toBe(true);
  });

  test("beats out of turn do not shorten anybody's time", () => {
    const { attendance, beat } = attending();
    beat();
    attendance.heard("other");
    expect(beat(100, 1)).toEqual([]);
    expect(attendance.mayRun("other")).toBe(true);
  });

  test("one who left is gone at once; this process always runs", () => {
    const { attendance, beat } = attending();
    beat(silentBeats);
    attendance.heard("other");
    attendance.left("other");
    expect(attendance.mayRun("other")).toBe(false);
    expect(attendance.mayRun("self")).toBe(true);
  });
});
