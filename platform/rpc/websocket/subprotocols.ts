import { contentTypeStreamJson, contentTypeStreamProto } from "@connectrpc/connect/protocol-connect";

/** What a WebSocket speaks, by the name that the client offers: Connect's streams, in either codec. */
const contentTypes: ReadonlyMap<string, string> = new Map([
  ["parley.connect+proto", contentTypeStreamProto],
  ["parley.connect+json", contentTypeStreamJson],
]);

/** The first of the offered subprotocols (`Sec-WebSocket-Protocol`) that the server speaks. */
export function chooseSubprotocol(offered: Iterable<string>): string | undefined {
  for (const name of offered) if (contentTypes.has(name)) return name;
  return undefined;
}

export function contentTypeOf(subprotocol: string): string {
  return contentTypes.get(subprotocol) ?? "";
}
