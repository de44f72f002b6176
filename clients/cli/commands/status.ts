import { type Conversation, isUnreachable } from "@parley/sdk";
import type { CommandDefinition, Context } from "../context.ts";
import { UnreachableError } from "../failures.ts";
import { createNames, titleOf } from "../names.ts";
import { unreadText } from "./conversations.ts";

/** How long a server may take to say that it is there. */
const healthPatienceMs = 5_000;

export const statusCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("status")
    .description("Tells whether the server is there, who is signed in, what is unread and what waits to be sent.")
    .action(async () => {
      const context = contextOf();
      const { io, paint, url, home } = context;
      const health = await readHealth(context);
      io.stdout.write(`server   ${url} ${health.ready ? paint("green", "ready") : paint("red", health.reason)}\n`);
      io.stdout.write(`profile  ${home}\n`);
      if (!health.ready) throw new UnreachableError(health.sentence);
      await context.withParley(async (parley) => {
        if (!parley.session) return void io.stdout.write("account  not signed in\n");
        const account = await parley.services.auth.getAccount({});
        io.stdout.write(`account  ${account.handle || account.userId}\n`);
        if (parley.outbox.waiting > 0) io.stdout.write(`outbox   ${parley.outbox.waiting} waiting to be sent\n`);
        const unread: Conversation[] = [];
        for await (const conversation of parley.conversations.list()) {
          if (conversation.unread && conversation.unread.count > 0) unread.push(conversation);
        }
        const names = createNames(parley);
        await names.load(unread.map((conversation) => conversation.peerId));
        if (unread.length === 0) io.stdout.write("unread   nothing\n");
        for (const conversation of unread) {
          io.stdout.write(`unread   ${paint("bold", unreadText(conversation))} in ${titleOf(conversation, names)}\n`);
        }
      });
    });
};

interface Health {
  readonly ready: boolean;
  readonly reason: string;
  readonly sentence: string;
}

async function readHealth({ url, io }: Context): Promise<Health> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(healthPatienceMs)]);
  try {
    const response = await fetch(`${url}/readyz`, { signal });
    return { ready: response.ok, reason: "not ready", sentence: `The server at ${url} is not ready.` };
  } catch (error) {
    if (isUnreachable(error) || signal.aborted) return noAnswer(url);
    throw error;
  }
}

function noAnswer(url: string): Health {
  return { ready: false, reason: "no answer", sentence: `No server answers at ${url}.` };
}
