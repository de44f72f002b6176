import { createInterface } from "node:readline";
import { isReason, type Parley, type Sent } from "@parley/sdk";
import type { CommandDefinition, Context } from "../context.ts";
import { CommandError, UnreachableError } from "../failures.ts";
import { openConversation } from "../lookup.ts";

/** How long a message may take before the command returns; the outbox keeps it. */
export const sendPatienceMs = 20_000;
/** Lines of standard input that may be on their way at once. */
const maxUnanswered = 500;

export const sendCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("send <to> [text...]")
    .summary("send a message, or each line of standard input")
    .description("Sends a message to a person, group or channel. Without text: each line of standard input.")
    .option("--me", "what you do rather than say")
    .option("--json", "tell number and time of each message as a JSON line")
    .addHelpText("after", '\nExamples:\n  $ parley send marvin "Cheer up."\n  $ dmesg | parley send "Machine room"')
    .action(async (to: string, words: string[], options: SendOptions) => {
      const context = contextOf();
      await context.withSession((parley) => send(context, parley, to, words, options));
    });
};

interface SendOptions {
  readonly me?: boolean;
  readonly json?: boolean;
}

async function send(
  context: Context,
  parley: Parley,
  to: string,
  words: string[],
  options: SendOptions,
): Promise<void> {
  const { io } = context;
  const { conversationId } = await openConversation(parley, to);
  const texts = words.length > 0 ? [words.join(" ")] : createInterface({ input: io.stdin, signal: io.signal });
  const unanswered = new Set<Promise<void>>();
  for await (const text of texts) {
    if (text.trim() === "") continue;
    const { sent } = parley.outbox.post(conversationId, { text, action: options.me ?? false });
    const told = acknowledged(context, sent).then((posted) => {
      if (options.json) io.stdout.write(`${JSON.stringify(sentJson(posted))}\n`);
    });
    unanswered.add(told);
    told.then(
      () => unanswered.delete(told),
      () => {},
    );
    if (unanswered.size >= maxUnanswered) await Promise.race(unanswered);
  }
  await Promise.all(unanswered);
}

/** The outcome, or an error that says that the outbox will go on. */
export async function acknowledged({ url, io }: Pick<Context, "url" | "io">, sent: Promise<Sent>): Promise<Sent> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new UnreachableError(keptSentence(url))), sendPatienceMs);
  const interrupted = () => late.reject(new CommandError("Interrupted; the message is kept and goes out next time."));
  io.signal.addEventListener("abort", interrupted, { once: true });
  try {
    return await Promise.race([sent, late.promise]);
  } catch (error) {
    if (isReason(error, "chat", "ROLE_TOO_LOW")) throw new CommandError("You may read here, but not post.");
    throw error;
  } finally {
    clearTimeout(timer);
    io.signal.removeEventListener("abort", interrupted);
  }
}

function keptSentence(url: string): string {
  return `The server at ${url} does not answer; the message is kept and goes out with the next one.`;
}

function sentJson({ clientId, conversationId, seq, time }: Sent) {
  return { conversation: conversationId, seq: String(seq), time: time.toISOString(), client_id: clientId };
}
