import type { Identifier } from "@parley/sdk";
import type { CommandDefinition } from "../context.ts";
import { readPassword } from "../terminal/password.ts";

export const loginCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("login <name>")
    .summary("sign in")
    .description("Signs this profile in with a handle, a phone number (+49…) or an email address.")
    .option("--password-stdin", "read the password from standard input")
    .addHelpText("after", "\nExample:\n  $ parley login marvin --password-stdin < password.txt")
    .action(async (name: string, options: { readonly passwordStdin?: boolean }) => {
      const { io, withParley } = contextOf();
      const password = await readPassword(io, { fromStdin: options.passwordStdin ?? false });
      await withParley((parley) => parley.logIn(identifierOf(name), password));
      io.stderr.write(`You are signed in as ${name}.\n`);
    });
};

function identifierOf(name: string): Identifier {
  if (name.startsWith("+")) return { phone: name };
  if (name.includes("@")) return { email: name };
  return { handle: name };
}
