import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Handed out by this process before, whether in use or not. */
const taken = new Set<number>();
const lowest = 10_240;

/**
 * Ports that are free at `host`. They lie below the range from which the system takes the ports of outgoing
 * connections, so that none of those occupies a port while its server is down.
 */
export async function freePorts(count: number, host = "127.0.0.1"): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 1_000) throw new Error(`no ${count} free ports at ${host} between ${lowest} and ${highest()}`);
    const port = lowest + Math.floor(Math.random() * (highest() - lowest));
    if (taken.has(port) || !(await isFree(port, host))) continue;
    taken.add(port);
    ports.push(port);
  }
  return ports;
}

function highest(): number {
  try {
    return Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
  } catch {
    return 32_768;
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // An address that this process does not have is one of another network namespace, where nothing else listens.
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRNOTAVAIL"));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
