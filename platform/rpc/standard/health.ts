import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "#gen/grpc/health/v1/health_pb.js";

export interface HealthOptions {
  /** Why the server can't serve now; empty: it can. */
  readonly notReady: () => string[];
  readonly hasService: (typeName: string) => boolean;
  /** Ends the watches, after they told that nothing is served any more. */
  readonly stopping: AbortSignal;
}

/** How often a watched status is looked at. */
const watchMs = 1000;

/** The standard health service. All services of a process are well or not together. */
export function healthService({ notReady, hasService, stopping }: HealthOptions): ServiceImpl<typeof Health> {
  const statusOf = (service: string): Status => {
    if (service !== "" && !hasService(service)) return Status.SERVICE_UNKNOWN;
    return notReady().length === 0 ? Status.SERVING : Status.NOT_SERVING;
  };
  return {
    check({ service }) {
      const status = statusOf(service);
      if (status === Status.SERVICE_UNKNOWN) throw unknownService(service);
      return { status };
    },
    async *watch({ service }, { signal }: HandlerContext) {
      const ending = AbortSignal.any([signal, stopping]);
      for (let last: Status | undefined; !signal.aborted; await pause(ending)) {
        const status = statusOf(service);
        if (status !== last) yield { status };
        last = status;
        if (stopping.aborted) return;
      }
    },
  };
}

async function pause(signal: AbortSignal): Promise<void> {
  await wait(watchMs, undefined, { signal, ref: false }).catch(() => {});
}

function unknownService(service: string): ConnectError {
  const detail = { desc: HealthCheckResponseSchema, value: { status: Status.SERVICE_UNKNOWN } };
  return new ConnectError(`no service ${service}`, Code.NotFound, undefined, [detail]);
}
