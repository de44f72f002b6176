import type { Parley, SyncEvent } from "@parley/sdk";
import type { CommandDefinition, Context } from "../context.ts";
import { findConversation } from "../lookup.ts";
import { contentJson } from "../message-json.ts";
import { formatTime, speaker, textOf } from "../message-line.ts";
import { createNames, type Names } from "../names.ts";
import { writeLine } from "../terminal/io.ts";
import { jsonLine } from "../terminal/json-line.ts";

export const tailCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("tail [to]")
    .summary("follow what happens, live")
    .description(
      "Follows all conversations, or one, until Ctrl-C. The next tail goes on where this one stopped: what happened in between comes first.",
    )
    .option("--json", "one JSON object a line")
    .option("--cursor <name>", "where to go on from; each name has a place of its own", "tail")
    .addHelpText("after", "\nExample:\n  $ parley tail --json | jq 'select(.type == \"message\")'")
    .action(async (to: string | undefined, options: TailOptions) => {
      const context = contextOf();
      await context.withSession(async (parley, addresses) => {
        const found = to === undefined ? undefined : await findConversation(parley, to, addresses);
        await tail(context, parley, found?.conversationId, options);
      });
    });
};

interface TailOptions {
  readonly json?: boolean;
  readonly cursor: string;
}

async function tail(
  { io, paint }: Context,
  parley: Parley,
  only: string | undefined,
  options: TailOptions,
): Promise<void> {
  const names = createNames(parley);
  const cursor = only === undefined ? options.cursor : `${options.cursor}/${only}`;
  for await (const event of parley.sync({ cursor, signal: io.signal })) {
    if (event.type === "state" && !options.json) {
      if (event.state === "offline" && event.error) io.stderr.write("parley: The connection broke; trying again.\n");
      continue;
    }
    if (only !== undefined && event.type !== "state" && conversationOf(event) !== only) continue;
    if ("authorId" in event) await names.load([event.authorId]).catch(() => {});
    const line = options.json ? eventJson(event, names) : eventLine(event, names, paint);
    if (line !== undefined && !(await writeLine(io.stdout, line))) return;
  }
}

function conversationOf(event: SyncEvent): string | undefined {
  if (event.type === "mark") return event.marks.conversationId;
  if (event.type === "typing") return event.typing.conversationId;
  return "conversationId" in event ? event.conversationId : undefined;
}

function eventJson(event: SyncEvent, names: Names): string {
  const { type } = event;
  switch (type) {
    case "message":
    case "edited":
    case "deleted":
    case "changed": {
      const { conversationId, seq, time, authorId, event: source } = event;
      const target = "targetSeq" in event ? { target: String(event.targetSeq) } : {};
      const content = "content" in event ? contentJson(event.content) : {};
      const what = type === "changed" ? { what: source.body.case } : {};
      const who = { author: authorId, name: names.of(authorId) };
      return jsonLine({ type, conversation: conversationId, seq, time, ...who, ...target, ...what, ...content });
    }
    case "mark": {
      const { conversationId, userId, readSeq, deliveredSeq } = event.marks;
      return jsonLine({ type, conversation: conversationId, user: userId, read: readSeq, delivered: deliveredSeq });
    }
    case "typing": {
      const { conversationId, userId, typing } = event.typing;
      return jsonLine({ type, conversation: conversationId, user: userId, typing });
    }
    case "presence":
      return jsonLine({ type, user: event.presence.userId, status: event.presence.status });
    case "state":
      return jsonLine({ type, state: event.state });
    default:
      return jsonLine(event);
  }
}

function eventLine(event: SyncEvent, names: Names, paint: Context["paint"]): string | undefined {
  if (event.type !== "message" && event.type !== "edited" && event.type !== "deleted") return undefined;
  const name = names.of(event.authorId);
  const time = paint("dim", formatTime(event.time));
  if (event.type === "deleted") return `${time} ${paint("dim", `${name} deleted ${event.targetSeq}`)}`;
  const edited = event.type === "edited" ? paint("dim", ` (edits ${event.targetSeq})`) : "";
  return `${time} ${speaker(event.content, name, paint)}${textOf(event.content).replaceAll("\n", "\n    ")}${edited}`;
}
