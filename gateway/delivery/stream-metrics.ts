import { Counter, Gauge, type Registry } from "prom-client";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { StreamWatcher } from "./delivery.ts";

export interface StreamMetrics extends StreamWatcher {
  wrote(frames: number): void;
}

export function createStreamMetrics(registry: Registry): StreamMetrics {
  const registers = [registry];
  const open = new Gauge({ name: "parley_streams_open", help: "Open streams.", registers });
  const frames = new Counter({ name: "parley_stream_frames_total", help: "Frames written to streams.", registers });
  const closed = new Counter({
    name: "parley_streams_closed_total",
    help: "Streams that ended, by reason; client_left where the client went away.",
    labelNames: ["reason"],
    registers,
  });
  return {
    wrote: (count) => frames.inc(count),
    opened: () => open.inc(),
    closed(_stream, reason) {
      open.dec();
      closed.inc({ reason: reason === CloseReason.UNSPECIFIED ? "client_left" : CloseReason[reason].toLowerCase() });
    },
  };
}
