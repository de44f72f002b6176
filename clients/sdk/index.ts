/** The Parley client for browsers and Node. `@parley/sdk/node` adds HTTP/2 and storage in a file. */
export type { Lost } from "./acknowledged.ts";
export { type Backoff, type BackoffOptions, createBackoff, sleep } from "./backoff.ts";
export { createClientIds } from "./client-ids.ts";
export * from "./contract.ts";
export type { Conversations, HistoryRange, NewConversation } from "./conversations.ts";
export {
  ClosedError,
  isFinal,
  isReason,
  isRetryable,
  isSignedOut,
  isUnreachable,
  notSignedIn,
  OutboxFullError,
  type Reason,
  RefusedError,
  reasonOf,
  retryAfterMs,
} from "./errors.ts";
export { follow, type OrderFrame, type Step, type Verdict } from "./gap-rule.ts";
export { attachmentOf, DigestError, type MediaTransfers, type NewFile, type TransferOptions } from "./media.ts";
export { createOperator, type Operator, type OperatorOptions } from "./operator.ts";
export type { Outbox, Posted, Refused } from "./outbox.ts";
export type { OutboxEntry } from "./outbox-entry.ts";
export type { Sent } from "./outbox-fate.ts";
export { createParley, type Parley, type ParleyOptions } from "./parley.ts";
export type { People } from "./people.ts";
export type { Services } from "./services.ts";
export type { SessionInfo } from "./session.ts";
export type { Identifier, NewAccount, SigningIn } from "./signing-in.ts";
export type { Change, Storage } from "./storage.ts";
export { createMemoryStorage } from "./storage-memory.ts";
export type { SyncOptions } from "./sync.ts";
export type {
  ConversationEvent,
  EphemeralEvent,
  Happened,
  MembershipEvent,
  StateEvent,
  SyncEvent,
} from "./sync-events.ts";
export { type Connect, type Connection, connectByFetch } from "./transport.ts";
export { connectByWebSocket } from "./websocket/transport-websocket.ts";
