import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type AuthError,
  AuthErrorReason,
  AuthErrorSchema,
  type ChatError,
  ChatErrorReason,
  ChatErrorSchema,
  type MediaError,
  MediaErrorReason,
  MediaErrorSchema,
  type PlatformError,
  PlatformErrorReason,
  PlatformErrorSchema,
  type PresenceError,
  PresenceErrorReason,
  PresenceErrorSchema,
  type UserError,
  UserErrorReason,
  UserErrorSchema,
} from "./contract.ts";

/** Which table a reason is from, and the reason's name, such as `{service: "chat", reason: "NOT_A_MEMBER"}`. */
export type Reason =
  | { readonly service: "auth"; readonly reason: NameOf<typeof AuthErrorReason> }
  | { readonly service: "chat"; readonly reason: NameOf<typeof ChatErrorReason> }
  | { readonly service: "media"; readonly reason: NameOf<typeof MediaErrorReason> }
  | { readonly service: "platform"; readonly reason: NameOf<typeof PlatformErrorReason> }
  | { readonly service: "presence"; readonly reason: NameOf<typeof PresenceErrorReason> }
  | { readonly service: "user"; readonly reason: NameOf<typeof UserErrorReason> };

type NameOf<Enum> = keyof Enum & string;

/** The failure of a call that needs a session where there is none: the same that a server would answer with. */
export function notSignedIn(cause?: unknown): ConnectError {
  const detail = { reason: PlatformErrorReason.UNAUTHENTICATED, retryable: false };
  const outgoing = [{ desc: PlatformErrorSchema, value: detail }];
  return new ConnectError("not signed in", Code.Unauthenticated, undefined, outgoing, cause);
}

/** The server refused a message for good; it is no longer in the outbox. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly reason: Reason | undefined;
  constructor(message: string, reason: Reason | undefined) {
    super(message);
    this.reason = reason;
  }
}

/** The outbox holds as many messages as it may. */
export class OutboxFullError extends Error {
  override readonly name = "OutboxFullError";
  constructor() {
    super("too many messages wait to be sent");
  }
}

/** The client was closed before the outcome was known. A message stays in the outbox. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
  constructor() {
    super("the client is closed");
  }
}

interface Detail {
  readonly reason: Reason;
  readonly retryable: boolean;
  readonly retryAfter?: Duration;
}

/**
 * The typed reason of a failed call, or undefined where the failure did not come from a Parley server.
 *
 * @example
 * const reason = reasonOf(error);
 * if (reason?.service === "auth" && reason.reason === "HANDLE_TAKEN") askForAnotherHandle();
 */
export function reasonOf(error: unknown): Reason | undefined {
  return error instanceof RefusedError ? error.reason : detailOf(error)?.reason;
}

/** Whether `error` is this reason of this service. */
export function isReason<Service extends Reason["service"]>(
  error: unknown,
  service: Service,
  ...reasons: Extract<Reason, { service: Service }>["reason"][]
): boolean {
  const found = reasonOf(error);
  return found?.service === service && reasons.some((reason) => reason === found.reason);
}

/**
 * Whether the same call, with the same client id, may succeed later without change: the server said so, or it could not
 * be reached and its answer is unknown.
 *
 * @example
 * if (isRetryable(error)) await sleep(backoff.next(retryAfterMs(error)));
 */
export function isRetryable(error: unknown): boolean {
  const detail = detailOf(error);
  if (detail) return detail.retryable;
  return isUnreachable(error) || (error instanceof ConnectError && transientCodes.has(error.code));
}

/** Whether no answer came from the server: no connection, or it broke. */
export function isUnreachable(error: unknown): boolean {
  if (detailOf(error)) return false;
  if (error instanceof ConnectError && unreachableCodes.has(error.code)) return true;
  return isNetworkFailure(error) || (error instanceof Error && error.cause !== undefined && isUnreachable(error.cause));
}

/** Whether the server refused the call for good: repeating it unchanged is pointless. */
export function isFinal(error: unknown): boolean {
  return detailOf(error)?.retryable === false;
}

/** Whether the caller has to log in first. */
export function isSignedOut(error: unknown): boolean {
  return isReason(error, "platform", "UNAUTHENTICATED", "SESSION_REVOKED");
}

/** How long the server asked to wait, in milliseconds. */
export function retryAfterMs(error: unknown): number | undefined {
  const wait = detailOf(error)?.retryAfter;
  return wait && durationMs(wait);
}

/** The reason that a number stands for in `ChatErrorReason`, as refusals within a batch carry it. */
export function chatReason(number: number): Reason | undefined {
  const name = ChatErrorReason[number];
  return name === undefined ? undefined : { service: "chat", reason: name as NameOf<typeof ChatErrorReason> };
}

const transientCodes = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Aborted, Code.ResourceExhausted]);

const unreachableCodes = new Set([Code.Unavailable, Code.Aborted]);

/** As `fetch` tells it, or Node: a TypeError, or an error with the name of a system or HTTP/2 failure. */
function isNetworkFailure(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return (
    typeof code === "string" &&
    /^(ECONN[A-Z]+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_HTTP2_\w+)$/.test(code)
  );
}

function detailOf(error: unknown): Detail | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  for (const read of readers) {
    const detail = read(error);
    if (detail) return detail;
  }
  return undefined;
}

type DetailMessage = AuthError | ChatError | MediaError | PlatformError | PresenceError | UserError;
type Names = { readonly [number: number]: string };

const readers = [
  reader("platform", PlatformErrorReason, (error) => error.findDetails(PlatformErrorSchema)[0]),
  reader("chat", ChatErrorReason, (error) => error.findDetails(ChatErrorSchema)[0]),
  reader("auth", AuthErrorReason, (error) => error.findDetails(AuthErrorSchema)[0]),
  reader("user", UserErrorReason, (error) => error.findDetails(UserErrorSchema)[0]),
  reader("presence", PresenceErrorReason, (error) => error.findDetails(PresenceErrorSchema)[0]),
  reader("media", MediaErrorReason, (error) => error.findDetails(MediaErrorSchema)[0]),
];

function reader(service: Reason["service"], names: Names, find: (error: ConnectError) => DetailMessage | undefined) {
  return (error: ConnectError): Detail | undefined => {
    const message = find(error);
    const reason = message && names[message.reason];
    if (!message || reason === undefined) return undefined;
    const { retryable, retryAfter } = message;
    return { reason: { service, reason } as Reason, retryable, ...(retryAfter ? { retryAfter } : {}) };
  };
}
