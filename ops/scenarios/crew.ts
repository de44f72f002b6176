import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Connect,
  connectByHttp2,
  createMemoryStorage,
  createOperator,
  createParley,
  type Event,
  type Operator,
  type Parley,
} from "../../clients/sdk/node/index.ts";

/** People with accounts on a server, and the operator who signs them in. */
export interface Crew extends AsyncDisposable {
  readonly operator: Operator;
  /** Their accounts, in the order of their names. */
  readonly userIds: readonly string[];
  /** A new device of somebody, signed in. */
  device(person: number, connect?: Connect): Promise<Parley>;
  /** Closes every device. Twice is harmless. */
  close(): Promise<void>;
}

/** Makes accounts for `names` on the server that runs on `dataDir`. */
export async function openCrew(url: string, dataDir: string, names: readonly string[]): Promise<Crew> {
  const key = readFileSync(join(dataDir, "keys/operator.key"), "utf8");
  const operator = createOperator({ url, key, connect: connectByHttp2 });
  const accounts = names.map((name) => ({ externalId: name, displayName: name }));
  const { userIds } = await operator.auth.createAccounts({ accounts });
  const devices: Parley[] = [];
  const close = async () => {
    for (const device of devices.splice(0)) await device.close();
    await operator.close();
  };
  return {
    operator,
    userIds,
    async device(person, connect = connectByHttp2) {
      const device = await signIn(operator, url, userIds[person] ?? "", connect);
      devices.push(device);
      return device;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A new device of a user, signed in by the operator. The caller closes it. */
export async function signIn(
  operator: Operator,
  url: string,
  userId: string,
  connect: Connect = connectByHttp2,
): Promise<Parley> {
  const { session } = await operator.auth.issueSession({ userId, device: { id: crypto.randomUUID(), name: "" } });
  const parley = await createParley({ url, connect, storage: createMemoryStorage() });
  if (session) await parley.adoptSession(session);
  return parley;
}

/** Every event of a conversation that the device's user may see. */
export async function eventsOf(device: Parley, conversationId: string, fromSeq = 1n): Promise<Event[]> {
  const events: Event[] = [];
  for (let next = fromSeq; next > 0n; ) {
    const page = await device.services.chat.listEvents({ conversationId, fromSeq: next, pageSize: 1000 });
    events.push(...page.events);
    next = page.nextSeq;
  }
  return events;
}

/** What a message says; of other events the kind. */
export function textOf({ body }: Event): string {
  return body.case === "messagePosted" ? (body.value.content?.text ?? "") : `(${body.case})`;
}

/** Whole numbers below a bound, the same in each run. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
