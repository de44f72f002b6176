import type { Redis } from "ioredis";
import { attributes } from "./attributes.ts";
import type { Tracing } from "./tracing.ts";

/** Tells the commands of a connection as spans, where they are a part of one that is recorded. Never their arguments. */
export function traceRedis(client: Redis, tracing: Tracing): void {
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command, stream) => {
    if (!tracing.recorded()) return send(command, stream);
    const operation = command.name.toUpperCase();
    const span = tracing.begin(operation, {
      kind: "client",
      attributes: {
        [attributes.databaseSystem]: "redis",
        [attributes.databaseOperation]: operation,
        [attributes.databaseSummary]: operation,
      },
    });
    command.promise.then(
      () => span.end(),
      (error: unknown) => span.end(error instanceof Error ? error.name : "Error"),
    );
    return send(command, stream);
  };
}
