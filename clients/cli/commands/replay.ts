import { basename } from "node:path";
import { InvalidArgumentError } from "commander";
import type { CommandDefinition, Context } from "../context.ts";
import { CommandError } from "../failures.ts";
import { dayOfFile } from "../import/irc-folder.ts";
import { createIrcImport, type IrcItem } from "../import/irc-import.ts";
import { readLines } from "../import/log-lines.ts";
import { type OperatorFlags, openOperator, withOperatorKey } from "../import/operator.ts";
import { openCast } from "../replay/cast.ts";
import { type ReplayStats, startReplay } from "../replay/run-replay.ts";
import { scheduleOf } from "../replay/schedule.ts";
import { writeLine } from "../terminal/io.ts";
import { plainLine } from "../terminal/plain.ts";

interface Flags extends OperatorFlags {
  readonly channel: string;
  readonly speed: number;
}

/** `parley replay <file>`. */
export const replayCommand: CommandDefinition = (program, contextOf) => {
  const replay = program
    .command("replay")
    .description(
      "play one day of an IRC channel live in a new channel, each nickname as its own client; fast ones need a server without limits (PARLEY_LIMIT_CALLS_PER_MINUTE=0)",
    )
    .argument("<file>", "the day's log, named YYYY-MM-DD.txt")
    .option("--speed <factor>", "how much faster than it happened", readSpeed, 10)
    .option("--channel <name>", "name of the channel", "#ubuntu");
  withOperatorKey(replay).action((file: string, flags: Flags) => replayDay(contextOf(), file, flags));
};

function readSpeed(text: string): number {
  const speed = Number(text);
  if (!(speed > 0 && speed <= 100_000)) throw new InvalidArgumentError("A number above 0, at most 100000.");
  return speed;
}

async function replayDay(context: Context, file: string, flags: Flags): Promise<void> {
  const { channel, speed } = flags;
  const { io, url } = context;
  const items = await readDay(file, channel);
  const nicks = new Set(items.map(({ nick }) => nick));
  await using operator = await openOperator(context, flags);
  await writeLine(io.stderr, `Signing ${nicks.size} people in …`);
  const stage = `${channel} ${basename(file, ".txt")}`;
  await using cast = await openCast(operator, { url, channel, stage, nicks });
  const replay = startReplay(cast, scheduleOf(items, speed), {
    signal: io.signal,
    onMessage(nick, text, action) {
      io.stdout.write(`${action ? `* ${plainLine(nick)}` : `<${plainLine(nick)}>`} ${plainLine(text)}\n`);
    },
  });
  const start = performance.now();
  const telling = setInterval(() => io.stderr.write(`${describe(replay.stats, start)}\n`), 5_000);
  await replay.done.finally(() => clearInterval(telling));
  await writeLine(io.stderr, describe(replay.stats, start));
}

async function readDay(file: string, channel: string): Promise<IrcItem[]> {
  const dayMs = dayOfFile(basename(file));
  if (dayMs === undefined) throw new CommandError(`${file} is not named YYYY-MM-DD.txt.`);
  const log = createIrcImport(channel);
  log.startDay(dayMs);
  const items: IrcItem[] = [];
  for await (const line of readLines(file)) items.push(...log.read(line));
  return items;
}

function describe(stats: ReplayStats, startMs: number): string {
  const seconds = (performance.now() - startMs) / 1000;
  const { latencies, sent, underWay, failed, lateMs } = stats;
  const ms = (part: number) => (latencies.count > 0 ? `${latencies.percentile(part).toFixed(1)} ms` : "–");
  return [
    `${sent} messages in ${seconds.toFixed(0)} s, ${(sent / seconds).toFixed(1)}/s`,
    `send → deliver p50 ${ms(0.5)}, p99 ${ms(0.99)} of ${latencies.count}`,
    `${underWay} under way, ${failed} failed, ${lateMs.toFixed(0)} ms late`,
  ].join(" · ");
}
