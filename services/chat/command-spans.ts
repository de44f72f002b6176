import { ConnectError } from "@connectrpc/connect";
import { shardOf } from "#platform/runtime/ids.ts";
import { attributes } from "#platform/telemetry/attributes.ts";
import { logAttributes } from "#platform/telemetry/log-spans.ts";
import { statusOf } from "#platform/telemetry/rpc-spans.ts";
import type { Span, Tracing } from "#platform/telemetry/tracing.ts";
import type { Command, Outcome } from "./sequencer/command.ts";
import type { Sequencer } from "./sequencer/sequencer.ts";

/**
 * The sequencer, with each command as a span from its submission until its outcome is told. The entry that it leads to
 * carries this span's context. Groups serve many commands, so the sequencer itself runs outside of every span.
 */
export function traceCommands(sequencer: Sequencer, tracing: Tracing, system: string): Sequencer {
  return {
    ...sequencer,
    submit(commands) {
      const active = tracing.active();
      if (!active) return sequencer.submit(commands);
      const spans = active.isRecorded ? commands.map((command) => beginCommand(command, tracing, system)) : [];
      const carrying = commands.map((command, index) => ({
        ...command,
        traceparent: (spans[index] ?? active).traceparent,
      }));
      const outcomes = tracing.apart(() => sequencer.submit(carrying));
      for (const [index, span] of spans.entries()) {
        outcomes[index]?.then((outcome) => endCommand(span, outcome), failing(span));
      }
      return outcomes;
    },
  };
}

function beginCommand({ conversationId }: Command, tracing: Tracing, system: string): Span {
  const given = {
    ...logAttributes("create", system, shardOf(conversationId), 1),
    "parley.conversation.id": conversationId,
  };
  return tracing.begin("create log", { kind: "producer", attributes: given });
}

function endCommand(span: Span, { seq, position, duplicate, happened }: Outcome): void {
  span.set({
    [attributes.messagingMessageId]: String(position),
    "parley.seq": seq,
    "parley.duplicate": duplicate,
    "parley.happened": happened,
  });
  span.end();
}

function failing(span: Span): (error: unknown) => void {
  return (error) => span.end(statusOf(ConnectError.from(error)));
}
