import { createInterface } from "node:readline";
import { isReason, isRetryable, isUnreachable, type Parley, type Posted, type Sent } from "@parley/sdk";
import type { Addresses } from "../addresses.ts";
import type { CommandDefinition, Context } from "../context.ts";
import { CommandError, UnreachableError } from "../failures.ts";
import { sendPatienceMs } from "../kept-messages.ts";
import { openConversation } from "../lookup.ts";
import { jsonLine } from "../terminal/json-line.ts";
import { plainLine } from "../terminal/plain.ts";

/** Lines of standard input that may be on their way at once. */
const maxUnanswered = 500;

export const sendCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("send <to> [text...]")
    .summary("send a message, or each line of standard input")
    .description("Sends a message to a person, group or channel. Without text: each line of standard input.")
    .option("--me", "what you do rather than say")
    .option("--json", "tell number and time of each message as a JSON line")
    .addHelpText("after", whenNothingAnswers)
    .addHelpText("after", '\nExamples:\n  $ parley send marvin "Cheer up."\n  $ dmesg | parley send "Machine room"')
    .action(async (to: string, words: string[], options: SendOptions) => {
      const context = contextOf();
      await context.withSession((parley, addresses) => send(context, parley, addresses, { ...options, to, words }));
    });
};

const whenNothingAnswers = `
Where no server answers, the message is kept, if this profile has used the conversation before: the next command that
reaches the server sends it, once. The exit code is 4 then. Do not send it again.`;

interface SendOptions {
  readonly me?: boolean;
  readonly json?: boolean;
}

interface SendRequest extends SendOptions {
  readonly to: string;
  readonly words: readonly string[];
}

async function send(context: Context, parley: Parley, addresses: Addresses, request: SendRequest): Promise<void> {
  const { io } = context;
  const { words, json, me: action = false } = request;
  const { conversationId, answers } = await addresseeOf(context, parley, addresses, request.to);
  const texts = words.length > 0 ? [words.join(" ")] : createInterface({ input: io.stdin, signal: io.signal });
  const unanswered = new Set<Promise<void>>();
  let late = answers ? undefined : new UnreachableError(keptSentence(context.url));
  const tell = (sent: Sent) => void (json && io.stdout.write(`${jsonLine(sentJson(sent))}\n`));
  const endure = (error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error;
    late = error;
  };
  for await (const text of texts) {
    if (text.trim() === "") continue;
    const posted = parley.outbox.post(conversationId, { text, action });
    const told = acknowledged(context, posted, late ? 0 : sendPatienceMs)
      .then(tell)
      .catch(endure);
    unanswered.add(told);
    told.then(
      () => unanswered.delete(told),
      () => {},
    );
    if (unanswered.size >= maxUnanswered) await Promise.race(unanswered);
  }
  await Promise.all(unanswered);
  if (late && parley.outbox.waiting > 0) throw late;
}

interface Addressee {
  readonly conversationId: string;
  /** Whether the server was there a moment ago. */
  readonly answers: boolean;
}

/** Where a message goes; from memory where the server can't be asked now. */
async function addresseeOf(context: Context, parley: Parley, addresses: Addresses, to: string): Promise<Addressee> {
  try {
    return { conversationId: (await openConversation(parley, to, addresses)).conversationId, answers: true };
  } catch (error) {
    if (!isRetryable(error)) throw error;
    const conversationId = await addresses.find(to);
    const answers = !isUnreachable(error);
    if (conversationId !== undefined) return { conversationId, answers };
    throw answers ? error : new UnreachableError(unknownSentence(context.url, to));
  }
}

/** The outcome, or an error that says that the outbox, which has it by then, will go on. */
export async function acknowledged(
  { url, io }: Pick<Context, "url" | "io">,
  { stored, sent }: Posted,
  patienceMs: number = sendPatienceMs,
): Promise<Sent> {
  await stored;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new UnreachableError(keptSentence(url))), patienceMs);
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
  return `The server at ${url} does not answer; the message is kept and goes out with the next command that reaches it.`;
}

function unknownSentence(url: string, to: string): string {
  return `No server answers at ${url}: "${plainLine(to)}" can't be looked up, so the message is not kept.`;
}

function sentJson({ clientId, conversationId, seq, time }: Sent) {
  return { conversation: conversationId, seq: String(seq), time: time.toISOString(), client_id: clientId };
}
