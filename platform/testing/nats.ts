import { pino } from "pino";
import { Registry } from "prom-client";
import { onTestFinished } from "vitest";
import { type NatsEngine, type NatsOptions, openNats } from "#platform/engines/nats.ts";
import { parseNatsUrl } from "#platform/engines/nats-url.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import { engineUrl, freshName } from "./engines.ts";

/** What the streams of a test may hold together: servers set their limits aside. */
const maxBytes = "max_bytes=64MiB";

/** Settings that lead to servers given by their URL, in a namespace that no other test uses. */
export function natsOptions(url: string, replicas = 1, name = freshName()): NatsOptions {
  const address = parseNatsUrl(`${url}/${name}?replicas=${replicas}&${maxBytes}`);
  return { ...address, monitors: [], logger: pino({ level: "silent" }), metrics: new Registry() };
}

/** Connected to servers that the whole run shares. Closed when the test has finished, and its streams removed. */
export async function openTestNats(replicas: 1 | 3, name = freshName()): Promise<NatsEngine> {
  const url = await engineUrl(replicas === 1 ? "nats" : "nats-cluster");
  return removedAfterwards(await openNats(natsOptions(url, replicas, name)));
}

export function removedAfterwards(engine: NatsEngine): NatsEngine {
  onTestFinished(async () => {
    const { streams } = engine.jetstreamManager;
    for await (const { config } of streams.list()) {
      if (config.name.startsWith(`${engine.name}-`)) await streams.delete(config.name).catch(() => {});
    }
    await engine.close();
  });
  return engine;
}

/** An empty event log on JetStream, closed and removed when the test has finished. */
export async function openTestJetStreamLog(replicas: 1 | 3, shards = 5): Promise<EventLog> {
  const log = await openJetStreamEventLog({ engine: await openTestNats(replicas), shards });
  onTestFinished(() => log.close());
  return log;
}
