import { execFileSync } from "node:child_process";
import type { Endings } from "#platform/runtime/endings.ts";
import { reapLater } from "../../engines/reaping.ts";

/** A network of a few hosts on one bridge, each in a namespace of its own. */
export interface Network {
  host(node: number): string;
  /** What runs a program on a host, before its command line. */
  wrapper(node: number): readonly string[];
  /** Nothing reaches the host, and it reaches nothing. */
  isolate(node: number): void;
  /** The host and the other hosts do not hear each other; those outside hear both. */
  partition(node: number): void;
  heal(): void;
}

/** Makes it; throws where this user may not, or the system can't. `endings` takes it away. */
export function openNetwork(size: number, endings: Endings): Network {
  const id = process.pid.toString(36);
  const bridge = `pc${id}`;
  const prefix = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
  const nodes = Array.from({ length: size }, (_, node) => node);
  const host = (node: number) => `${prefix}.${node + 1}`;
  const space = (node: number) => `${bridge}-${node}`;
  const cable = (node: number) => `${bridge}v${node}`;
  const make = (command: string, undo: string) => {
    ip(command);
    const strikeOff = reapLater({ command: ["ip", ...undo.split(" ")] });
    endings.push(() => {
      ip(undo);
      strikeOff();
    });
  };
  make(`link add ${bridge} type bridge`, `link del ${bridge}`);
  ip(`addr add ${prefix}.254/24 dev ${bridge}`);
  ip(`link set ${bridge} up`);
  for (const node of nodes) {
    make(`netns add ${space(node)}`, `netns del ${space(node)}`);
    ip(`link add ${cable(node)} type veth peer name eth0 netns ${space(node)}`);
    ip(`link set ${cable(node)} master ${bridge} up`);
    ip(`-n ${space(node)} addr add ${host(node)}/24 dev eth0`);
    for (const device of ["lo", "eth0"]) ip(`-n ${space(node)} link set ${device} up`);
  }
  let undo: (() => void)[] = [];
  return {
    host,
    wrapper: (node) => ["ip", "netns", "exec", space(node)],
    isolate(node) {
      ip(`link set ${cable(node)} down`);
      undo.push(() => ip(`link set ${cable(node)} up`));
    },
    partition(node) {
      for (const other of nodes.filter((one) => one !== node)) {
        for (const [here, there] of [
          [node, other],
          [other, node],
        ] as const) {
          ip(`-n ${space(here)} route add blackhole ${host(there)}/32`);
          undo.push(() => ip(`-n ${space(here)} route del blackhole ${host(there)}/32`));
        }
      }
    },
    heal() {
      for (const one of undo) one();
      undo = [];
    },
  };
}

function ip(command: string): void {
  execFileSync("ip", command.split(" "), { stdio: "pipe" });
}
