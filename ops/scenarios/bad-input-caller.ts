import { fromBinary } from "@bufbuild/protobuf";
import {
  AuthErrorReason,
  AuthErrorSchema,
  ChatErrorReason,
  ChatErrorSchema,
  PlatformErrorReason,
  PlatformErrorSchema,
} from "../../clients/sdk/node/index.ts";

/** What came back from a call that nobody checked before it was sent. */
export interface RawAnswer {
  readonly status: number;
  /** "ok", or the code and the reason of the typed detail, such as "permission_denied NOT_A_MEMBER". */
  readonly outcome: string;
  readonly body: string;
}

/** Sends exactly these bytes as a Connect call. A body that is an object goes as JSON. */
export async function callRaw(
  url: string,
  method: string,
  token: string,
  body: object | string | Uint8Array<ArrayBuffer>,
  type = "application/json",
): Promise<RawAnswer> {
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const headers = { "content-type": type, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${url}/parley.${method}`, { method: "POST", headers, body: raw });
  const text = await response.text();
  return { status: response.status, outcome: response.ok ? "ok" : outcomeOf(text), body: text };
}

interface ErrorBody {
  readonly code?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

/** The code and the reason in the body of a refused Connect call. */
export function outcomeOf(text: string): string {
  const { code, details = [] } = JSON.parse(text) as ErrorBody;
  const reasons = details.map(({ type, value }) => reasonOf(type, Buffer.from(value, "base64")));
  return [code, ...reasons].join(" ");
}

function reasonOf(type: string, value: Uint8Array): string {
  switch (type) {
    case "parley.chat.v1.ChatError":
      return ChatErrorReason[fromBinary(ChatErrorSchema, value).reason];
    case "parley.auth.v1.AuthError":
      return AuthErrorReason[fromBinary(AuthErrorSchema, value).reason];
    case "parley.errors.v1.PlatformError":
      return PlatformErrorReason[fromBinary(PlatformErrorSchema, value).reason];
    default:
      return type;
  }
}
