/** What is installed where an engine is not there, and the oldest that is taken where it is. */
export const versions = {
  nats: { install: "2.15.2", floor: "2.14.5" },
  cassandra: { install: "5.0.6", floor: "5.0.0" },
  redis: { install: "7.4", floor: "6.2.0" },
  /** Cassandra 5.0 runs on this one of the long-lived ones, and on none that is newer. */
  java: 17,
} as const;

/** Whether a version such as `2.15.2` is not older than another. */
export function isAtLeast(version: string, floor: string): boolean {
  return version.localeCompare(floor, "en", { numeric: true }) >= 0;
}
