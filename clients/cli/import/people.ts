import type { Operator } from "@parley/sdk";

/** Most accounts that one call makes. */
const maxAccounts = 256;

/** The accounts of a channel's nicks. */
export interface People {
  /** Makes accounts for those that have none yet. Repeating it changes nothing. */
  meet(nicks: Iterable<string>): Promise<void>;
  /** The account of a nick that was met. */
  idOf(nick: string): string;
  readonly count: number;
}

/** Accounts without password, named `irc:<channel>/<nick>`. Keeps an id for each nick, exact case. */
export function createPeople(operator: Pick<Operator, "auth">, channel: string): People {
  const ids = new Map<string, string>();
  const newAccount = (nick: string) => ({ externalId: externalId(channel, nick), displayName: nick });

  return {
    async meet(nicks) {
      const strangers = [...new Set(nicks)].filter((nick) => !ids.has(nick));
      for (let start = 0; start < strangers.length; start += maxAccounts) {
        const some = strangers.slice(start, start + maxAccounts);
        const { userIds } = await operator.auth.createAccounts({ accounts: some.map(newAccount) });
        for (const [index, nick] of some.entries()) ids.set(nick, userIds[index] ?? "");
      }
    },
    idOf: (nick) => ids.get(nick) ?? "",
    get count() {
      return ids.size;
    },
  };
}

/** What a nick is called in the application's list of people. */
export function externalId(channel: string, nick: string): string {
  return `irc:${channel}/${nick}`;
}
