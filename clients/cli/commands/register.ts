import type { CommandDefinition } from "../context.ts";
import { readPassword } from "../terminal/password.ts";

export const registerCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("register <handle>")
    .summary("make an account and sign in")
    .description(
      "Makes an account and signs this profile in. A handle is 3 to 32 of a–z, 0–9, _ and ., a letter first.",
    )
    .option("--name <name>", "name shown to others (default: the handle)")
    .option("--phone <number>", "phone number, such as +4915112345678")
    .option("--email <address>", "email address")
    .option("--password-stdin", "read the password from standard input")
    .addHelpText("after", '\nExample:\n  $ parley register marvin --name "Marvin the Paranoid Android"')
    .action(async (handle: string, options: RegisterOptions) => {
      const { io, withParley } = contextOf();
      const password = await readPassword(io, { fromStdin: options.passwordStdin ?? false, repeat: true });
      const { name, phone, email } = options;
      await withParley((parley) =>
        parley.register({
          handle,
          password,
          ...(name === undefined ? {} : { displayName: name }),
          ...(phone === undefined ? {} : { phone }),
          ...(email === undefined ? {} : { email }),
        }),
      );
      io.stderr.write(`You are ${handle} now.\n`);
    });
};

interface RegisterOptions {
  readonly name?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly passwordStdin?: boolean;
}
