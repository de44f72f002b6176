import type { CommandDefinition } from "../context.ts";

export const logoutCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("logout")
    .description("Ends this profile's session. What it did not send yet is kept for the next login.")
    .action(async () => {
      await contextOf().withSession((parley) => parley.logOut());
    });
};
