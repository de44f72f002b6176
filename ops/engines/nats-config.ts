/** One server of a cluster, or the only one. */
export interface NatsPlace {
  readonly name: string;
  readonly host: string;
  readonly client: number;
  readonly cluster: number;
  readonly monitor: number;
  readonly folder: string;
  readonly syncAlways: boolean;
}

/** The configuration file of `place` among all places. */
export function natsConfig(place: NatsPlace, places: readonly NatsPlace[]): string {
  const { name, host, client, cluster, monitor, folder, syncAlways } = place;
  const routes = places.map((other) => `"nats://${other.host}:${other.cluster}"`).join(", ");
  const lines = [
    `server_name: "${name}"`,
    `listen: "${host}:${client}"`,
    `http: "${host}:${monitor}"`,
    "jetstream {",
    `  store_dir: ${JSON.stringify(folder)}`,
    `  sync_interval: ${syncAlways ? "always" : "2m"}`,
    // Far above what tests store: a small disk is full before.
    "  max_file: 64GB",
    "  max_mem: 256MB",
    "}",
  ];
  if (places.length > 1) lines.push(`cluster { name: parley, listen: "${host}:${cluster}", routes: [${routes}] }`);
  return `${lines.join("\n")}\n`;
}
