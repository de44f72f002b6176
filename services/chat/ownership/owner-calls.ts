import { type CallOptions, type Client, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { Process } from "#platform/fleet/processes.ts";
import { requestHeaderOf } from "#platform/rpc/calls/call-context.ts";
import { callAs, clientAddressKey, identityKey } from "#platform/rpc/identity.ts";
import { isPassedOn, peerHeaders } from "#platform/rpc/peers/peer-proof.ts";
import { pause } from "../sequencer/pause.ts";
import { type Sequencer, sequencerGroup } from "../sequencer/sequencer.ts";
import { type Attempt, attempt, ownerHint, type Verdict } from "./attempts.ts";

/** How long a call is tried whose caller names no deadline. */
export const defaultDeadlineMs = 15_000;
const firstPauseMs = 20;
const maxPauseMs = 200;

export interface OwnerCallDeps {
  readonly sequencer: Pick<Sequencer, "holds">;
  readonly fleet: Pick<Fleet, "self" | "processes" | "leases">;
  /** ChatService of the process at an address. */
  readonly chatAt: (address: string) => Client<typeof ChatService>;
}

/** A method that changes a conversation. */
export interface OwnerCall<Request, Answer> {
  /** The conversation's shard; undefined where only the method itself finds out. */
  shard(request: Request): number | undefined;
  here(request: Request, context: HandlerContext): Answer | Promise<Answer>;
  there(chat: Client<typeof ChatService>, request: Request, options: CallOptions): Promise<Answer>;
  verdictOn(answer: Answer): Verdict;
}

/**
 * Answers a call in the process that owns the conversation's shard. A call is passed on once: a process that gets it so
 * and is not the owner says that, and the first one tries again, for as long as its caller waits.
 */
export async function callOwner<Request, Answer>(
  deps: OwnerCallDeps,
  call: OwnerCall<Request, Answer>,
  request: Request,
  context: HandlerContext,
): Promise<Answer> {
  const here = () => attempt(() => call.here(request, context), call.verdictOn);
  if (isPassedOn(context)) return hinting(deps, call.shard(request), await here());
  const endsAt = performance.now() + (context.timeoutMs() ?? defaultDeadlineMs);
  const there = ({ address }: Process) =>
    attempt(() => call.there(deps.chatAt(address), request, passingOn(context, endsAt)), call.verdictOn);
  let [shard, hint] = [call.shard(request), undefined as string | undefined];
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    const owner = otherOwner(deps, shard, hint);
    const tried = await (owner ? there(owner) : here());
    shard ??= tried.shard;
    // What is unknown of another process is asked again, also where this one has become the owner meanwhile.
    const isElsewhere = owner !== undefined || !holds(deps, shard);
    const mayHelp = tried.verdict === "not the owner" || (tried.verdict === "unknown" && isElsewhere);
    if (!mayHelp || context.signal.aborted || performance.now() + pauseMs >= endsAt) return tried.result();
    // A process that another one names is asked at once, but not two in turn.
    hint = hint === undefined ? tried.hint : undefined;
    if (hint === undefined) await pause(pauseMs, context.signal);
  }
}

function holds({ sequencer }: OwnerCallDeps, shard: number | undefined): boolean {
  return shard !== undefined && sequencer.holds(shard);
}

/** The process to ask, unless that is this one, or nobody knows. */
function otherOwner(deps: OwnerCallDeps, shard: number | undefined, hint: string | undefined): Process | undefined {
  if (shard === undefined || deps.sequencer.holds(shard)) return undefined;
  const { self, processes, leases } = deps.fleet;
  const hinted = processes.running().find(({ id }) => id === hint);
  const owner = hinted ?? leases.holderOf(sequencerGroup, shard);
  return owner?.id === self.id ? undefined : owner;
}

/** The call goes on as it came: who calls, from where, in which trace, and with what is left of its time. */
function passingOn(context: HandlerContext, endsAt: number): CallOptions {
  const { values, signal } = context;
  const headers = new Headers({ [peerHeaders.passedOn]: "1" });
  for (const name of ["traceparent", "tracestate"]) {
    const value = requestHeaderOf(context, name);
    if (value !== null) headers.set(name, value);
  }
  const timeoutMs = Math.max(1, Math.ceil(endsAt - performance.now()));
  const options = callAs(values.get(identityKey), { headers, signal, timeoutMs });
  options.contextValues?.set(clientAddressKey, values.get(clientAddressKey));
  return options;
}

/** What a process answers that was asked as the owner and is not: who is, as far as it knows. */
function hinting<Answer>({ fleet }: OwnerCallDeps, given: number | undefined, tried: Attempt<Answer>): Answer {
  const shard = given ?? tried.shard;
  if (tried.verdict === "final" || shard === undefined) return tried.result();
  const owner = fleet.leases.holderOf(sequencerGroup, shard);
  try {
    return tried.result();
  } catch (error) {
    if (error instanceof ConnectError && owner && owner.id !== fleet.self.id) error.metadata.set(ownerHint, owner.id);
    throw error;
  }
}
