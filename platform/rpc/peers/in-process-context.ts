import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import { CallContext } from "../calls/call-context.ts";
import { createCallValues } from "../calls/call-values.ts";
import { clientAddressKey, identityKey } from "../identity.ts";

/** What follows the method where a transport is called. */
export type CallTail<Input> = [
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  header: ConstructorParameters<typeof Headers>[0],
  input: Input,
  contextValues?: ContextValues,
];

/** The context of a call that stays in this process. It must be finished in the end. */
export function openContext(method: DescMethod, [, timeoutMs, header, , given]: CallTail<unknown>): CallContext {
  return new CallContext({
    method,
    protocolName: "in-process",
    requestMethod: "POST",
    values: given ? valuesForPeer(given) : createCallValues(),
    timeoutMs,
    request: {
      get url() {
        return `peer:/${method.parent.typeName}/${method.name}`;
      },
      get header() {
        return new Headers(header);
      },
    },
  });
}

/**
 * What a peer is told of its caller, the same wherever it runs. A copy: callers use theirs for any number of calls, and
 * what else a call was given is its own.
 */
function valuesForPeer(given: ContextValues): ContextValues {
  return createCallValues().set(identityKey, given.get(identityKey)).set(clientAddressKey, given.get(clientAddressKey));
}

/** Aborts the call once its caller does. Returns what ends that. */
export function forwardAbort(signal: AbortSignal | undefined, context: CallContext): () => void {
  if (!signal) return nothing;
  const abort = () => context.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}

function nothing(): void {}
