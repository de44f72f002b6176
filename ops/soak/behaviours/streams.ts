import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import {
  CloseReason,
  type ConnectRequest,
  ConnectRequestSchema,
  DeliveryService,
  type Frame,
} from "#gen/parley/chat/v1/delivery_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { Line } from "../lines.ts";
import { bearer, password } from "../town.ts";
import type { Behaviour, Scene } from "./behaviour.ts";

const longestMs = 3_000;

/** Subscribes, goes away in one way or another, and resumes with the token that it got. */
export const subscribe: Behaviour = async (scene) => {
  const { person, below } = scene;
  let token = "";
  for (let n = 0; n < 1 + below(4); n++) {
    const line = scene.line();
    const client = createClient(DeliveryService, line.transport);
    const leaving = new AbortController();
    const open = client.subscribe({ token }, bearer(person.token, leaving.signal));
    token = await readUntilLeft(open, leaving, line, scene, token);
  }
};

/** Talks on a stream of both directions, or as far as it gets. */
export const talk: Behaviour = async (scene) => {
  const { town, person, below } = scene;
  const line = scene.line();
  if (!line.isDuplex) return;
  const leaving = new AbortController();
  const said: Command[] = [{ case: "open", value: {} }];
  for (let n = 0; n < below(6); n++) {
    const conversationId = town.noisy;
    const content = { text: `said ${n}` };
    said.push({ case: "send", value: { clientId: uuidv7(), conversationId, content } });
    said.push({ case: "typing", value: { clientId: uuidv7(), conversationId, typing: n % 2 === 0 } });
  }
  const client = createClient(DeliveryService, line.transport);
  const frames = client.connect(sayAndWait(said, leaving.signal), bearer(person.token, leaving.signal));
  await readUntilLeft(frames, leaving, line, scene, "");
};

type Command = NonNullable<MessageInitShape<typeof ConnectRequestSchema>["command"]>;

/** The stream stays open when all is said. */
async function* sayAndWait(said: readonly Command[], signal: AbortSignal): AsyncGenerator<ConnectRequest> {
  for (const command of said) yield create(ConnectRequestSchema, { command });
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A session's streams end with it. */
export const logOutWhileListening: Behaviour = async ({ person, line }) => {
  const { transport } = line();
  const auth = createClient(AuthService, transport);
  const identifier = { kind: { case: "handle", value: person.handle } } as const;
  const device = { id: crypto.randomUUID(), name: "" };
  const { session } = await auth.logIn({ clientId: uuidv7(), identifier, password, device });
  const as = bearer(session?.accessToken ?? "", AbortSignal.timeout(4 * longestMs));
  for await (const { frame } of createClient(DeliveryService, transport).subscribe({}, as)) {
    if (frame.case === "caughtUp") await auth.logOut({ clientId: uuidv7() }, as);
    if (frame.case === "closed" && frame.value.reason === CloseReason.SESSION_ENDED) return;
  }
  throw new Error("a stream ended without saying that its session had");
};

/** Returns the last token. Going away is the client's own doing: whatever comes of it is no fault of the server. */
async function readUntilLeft(
  frames: AsyncIterable<Frame>,
  leaving: AbortController,
  line: Line,
  { below }: Scene,
  begunWith: string,
): Promise<string> {
  let token = begunWith;
  let hasLeft = false;
  const leave = () => {
    hasLeft = true;
    if (below(2) === 0) line.close();
    leaving.abort();
  };
  const timer = setTimeout(leave, below(longestMs));
  const most = below(400);
  let count = 0;
  try {
    for await (const { frame } of frames) {
      if (frame.case === "caughtUp" || frame.case === "heartbeat" || frame.case === "closed") token = frame.value.token;
      if (++count > most) break;
    }
  } catch (error) {
    if (!hasLeft) throw error;
  } finally {
    clearTimeout(timer);
    leaving.abort();
  }
  return token;
}
