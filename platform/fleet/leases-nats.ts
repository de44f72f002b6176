import type { Beats } from "./beats.ts";
import { claimOn } from "./claims.ts";
import { LeaseContest } from "./lease-contest.ts";
import type { LeaseRecords } from "./lease-records.ts";
import type { Leases } from "./leases.ts";

/** Leases that are renewed with the beats of their holders: a beat says all that a process holds. */
export function createNatsLeases(beats: Beats, records: LeaseRecords): Leases {
  return {
    compete: (group, keys, work) => new LeaseContest({ group, keys, work, beats, records }),
    holderOf: (group, key) => claimOn(beats, group, key)?.process,
    onChange: (listener) => beats.listen((news) => void (news === "change" && listener())),
  };
}
