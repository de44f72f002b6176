import type { SharedEngine } from "./engine.ts";
import { variables } from "./provide-engine.ts";

/** The settings with which a server, and the tests, use these engines: lines of `NAME=value`. */
export function settingsOf(engines: readonly SharedEngine[]): string {
  const forServers = engines.map((engine) => `# ${engine.name}\n${serverSettings(engine).map(line).join("\n")}`);
  const forTests = engines.flatMap(testSettings).map(line).join("\n");
  return `${forServers.join("\n")}\n# for npm test\n${forTests}\n`;
}

type Setting = readonly [name: string, value: string];

function line([name, value]: Setting): string {
  return `${name}=${value}`;
}

function serverSettings({ name, url, monitors }: SharedEngine): Setting[] {
  if (name === "redis") return [["PARLEY_EPHEMERAL", url]];
  if (name === "cql") return [["PARLEY_STORE", `${url}/parley?dc=datacenter1&replication=1`]];
  return [
    ["PARLEY_LOG", `${url}/parley?replicas=${name === "nats-cluster" ? 3 : 1}`],
    ["PARLEY_NATS_MONITOR", monitors.join(",")],
  ];
}

function testSettings({ name, url, monitors }: SharedEngine): Setting[] {
  const variable = variables[name];
  return [[variable.url, url], ...(variable.monitors ? [[variable.monitors, monitors.join(",")] as const] : [])];
}
