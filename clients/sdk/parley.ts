import { createClientIds } from "./client-ids.ts";
import { type Conversations, createConversations } from "./conversations.ts";
import { openDevice } from "./device.ts";
import { ClosedError, notSignedIn } from "./errors.ts";
import { afterInterceptor, createAfterMemory } from "./interceptors/after.ts";
import { sessionInterceptor } from "./interceptors/authorization.ts";
import { clientIdInterceptor } from "./interceptors/client-id.ts";
import { retryInterceptor } from "./interceptors/retry.ts";
import { type TraceHeaders, traceContextInterceptor } from "./interceptors/trace-context.ts";
import { createMediaTransfers, type MediaTransfers } from "./media.ts";
import { lastIdKey, type Outbox, openOutbox, signedOutOutbox } from "./outbox.ts";
import type { Sent } from "./outbox-fate.ts";
import { createPeople, type People } from "./people.ts";
import { createServices, type Services } from "./services.ts";
import { openSession, type SessionInfo } from "./session.ts";
import { createSigningIn, type SigningIn } from "./signing-in.ts";
import type { Storage } from "./storage.ts";
import { runSync, type SyncOptions } from "./sync.ts";
import type { SyncEvent } from "./sync-events.ts";
import { type Connect, connectByFetch } from "./transport.ts";

export interface ParleyOptions {
  /** Where the server is, such as "http://127.0.0.1:8080". */
  readonly url: string;
  /** Where the session, the outbox and the places of streams are kept. The client closes it. */
  readonly storage: Storage;
  /** What to call this device in the user's list of sessions. */
  readonly deviceName?: string;
  readonly connect?: Connect;
  readonly now?: () => number;
  /**
   * Asked for each call which trace it is part of; servers go on with it. With OpenTelemetry:
   * `() => { const headers = {}; propagation.inject(context.active(), headers); return headers; }`.
   */
  readonly traceHeaders?: TraceHeaders;
}

/** A device of one user: signs in, sends, reads and follows what happens. */
export interface Parley extends SigningIn, AsyncDisposable {
  /** Who is signed in. */
  readonly session: SessionInfo | undefined;
  readonly conversations: Conversations;
  readonly people: People;
  readonly media: MediaTransfers;
  readonly outbox: Outbox;
  /** Typed clients of the whole contract, for what has no shorter way. */
  readonly services: Services;
  /** Posts a message and resolves once the server has it, however often the connection breaks. */
  send(conversationId: string, content: Parameters<Outbox["post"]>[1]): Promise<Sent>;
  /** Everything that concerns the user, in order and without gaps; resumes where an earlier run stopped. */
  sync(options?: SyncOptions): AsyncGenerator<SyncEvent>;
  /** Ends streams and calls. What waits in the outbox is sent by the next run. Closing twice is harmless. */
  close(): Promise<void>;
}

/**
 * Opens the device that `storage` holds, signed in if it was.
 *
 * @example
 * const parley = await createParley({ url: "http://127.0.0.1:8080", storage: createMemoryStorage() });
 * await parley.logIn({ handle: "trillian" }, password);
 * const marvin = await parley.people.byHandle("marvin");
 * const { conversationId } = await parley.conversations.direct(marvin.userId);
 * await parley.send(conversationId, { text: "Cheer up." });
 * for await (const event of parley.sync()) if (event.type === "message") console.log(event.content.text);
 */
export async function createParley(options: ParleyOptions): Promise<Parley> {
  const { url, storage, deviceName = "", connect = connectByFetch, now = Date.now, traceHeaders } = options;
  const closed = new AbortController();
  const nextId = createClientIds(await storage.get(lastIdKey), now);
  const afters = createAfterMemory();
  const connection = connect(url, [
    ...(traceHeaders ? [traceContextInterceptor(traceHeaders)] : []),
    clientIdInterceptor(nextId),
    afterInterceptor(afters),
    retryInterceptor(),
    sessionInterceptor({
      accessToken: () => session.accessToken(),
      refresh: (token) => session.refresh(token),
      discard: (token) => session.discard(token),
    }),
  ]);
  const services = createServices(connection.transport);
  const session = await openSession({ storage, auth: services.auth, nextId, now });
  const people = createPeople(services);
  const device = { id: await openDevice(storage), name: deviceName };
  let outbox = await openOutboxOfUser();

  function openOutboxOfUser(): Promise<Outbox> | Outbox {
    const userId = session.current()?.userId;
    if (userId === undefined) return signedOutOutbox();
    return openOutbox(userId, { storage, chat: services.chat, nextId, signal: closed.signal, now });
  }
  const signingIn = createSigningIn({
    auth: services.auth,
    device,
    async adopt(next) {
      // Who logs out leaves no message behind.
      if (!next) await outbox.forget();
      await session.adopt(next);
      afters.forget();
      people.forget();
      outbox = await openOutboxOfUser();
    },
  });
  const close = async () => {
    if (closed.signal.aborted) return;
    closed.abort(new ClosedError());
    connection.close();
    await storage.close();
  };
  return {
    ...signingIn,
    get session() {
      return session.current();
    },
    get outbox() {
      return outbox;
    },
    services,
    people,
    conversations: createConversations(services),
    media: createMediaTransfers(services),
    send: async (conversationId, content) => outbox.post(conversationId, content).sent,
    sync(syncOptions = {}) {
      const userId = session.current()?.userId;
      if (userId === undefined) throw notSignedIn();
      outbox.start();
      return runSync({ services, session, storage, outbox, signal: closed.signal }, userId, syncOptions);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
