import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import {
  connectByHttp2,
  createParley,
  notSignedIn,
  openFileStorage,
  type Parley,
  type Storage,
} from "@parley/sdk/node";
import type { Command } from "commander";
import { type Addresses, openAddresses } from "./addresses.ts";
import { UsageError } from "./failures.ts";
import { sendKept } from "./kept-messages.ts";
import type { Io } from "./terminal/io.ts";
import { createPaint, type Paint } from "./terminal/paint.ts";

/** What every command is given. */
export interface Context {
  readonly io: Io;
  /** Paints standard output. */
  readonly paint: Paint;
  /** Where the server is. */
  readonly url: string;
  /** The folder that holds who is signed in and what is not sent yet. */
  readonly home: string;
  /** Opens the profile, sends what earlier commands left in its outbox, runs `use` and closes it again. */
  withParley<Result>(use: (parley: Parley, storage: Storage) => Promise<Result>): Promise<Result>;
  /** The same; throws notSignedIn where nobody is signed in. */
  withSession<Result>(use: (parley: Parley, addresses: Addresses) => Promise<Result>): Promise<Result>;
}

/** A command: adds itself to the program. `contextOf` is called when it runs, with the parsed options. */
export type CommandDefinition = (program: Command, contextOf: () => Context) => void;

export const defaultUrl = "http://127.0.0.1:8080";

export function createContext(io: Io, options: { readonly url?: string; readonly home?: string }): Context {
  const url = readUrl(options.url ?? io.env.PARLEY_URL ?? defaultUrl);
  const home = resolve(options.home ?? io.env.PARLEY_HOME ?? join(homedir(), ".parley"));
  const withParley: Context["withParley"] = async (use) => {
    const storage = openFileStorage(join(home, `${profileOf(url)}.db`));
    const parley = await createParley({ url, storage, connect: connectByHttp2, deviceName: deviceName() });
    try {
      await sendKept(parley, io, url);
      return await use(parley, storage);
    } finally {
      await parley.close();
    }
  };
  return {
    io,
    url,
    home,
    paint: createPaint(io.stdout, io.env),
    withParley,
    withSession: (use) =>
      withParley(async (parley, storage) => {
        if (!parley.session) throw notSignedIn();
        return use(parley, openAddresses(storage, parley.session.userId));
      }),
  };
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol))
    throw new UsageError(`"${text}" is not an http or https URL.`);
  return url.href.replace(/\/$/u, "");
}

/** A session belongs to one server: each has a file of its own in the profile. */
function profileOf(url: string): string {
  return new URL(url).host.replaceAll(/[^\w.-]/gu, "_");
}

function deviceName(): string {
  return `Terminal on ${hostname()}`.slice(0, 64);
}
