/**
 * Who a request comes from, as the proxies on its way tell it: `Forwarded` (RFC 7239) or `X-Forwarded-For`. Each proxy
 * adds at the right whom it got the request from, so what stands there is as true as the proxy; what stands left of the
 * first address that is no trusted proxy is whatever a client made up, and is not looked at.
 */
import type { AddressOf } from "../exchange/exchange.ts";
import { plainAddress } from "./client-address.ts";
import type { Trust, TrustedProxies } from "./trusted-proxies.ts";

/** Most proxies in a row; the client of a longer row is not looked for. */
export const maxProxies = 16;

const readers = { forwarded: readForwarded, "x-forwarded-for": readNode };

/** Where the last of the proxies can't or won't tell an address, the client counts as that proxy. */
export function createAddressOf(isTrusted: Trust, header: TrustedProxies["header"]): AddressOf {
  // The connection is told to be the client's before a request comes.
  if (header === "proxy-v2") return (connection) => connection;
  const read = readers[header];
  return (connection, headers) => {
    if (!isTrusted(connection)) return connection;
    let [known, proxies] = [connection, 0];
    for (const element of elementsFromRight(String(headers[header] ?? ""))) {
      const address = read(element);
      if (address === undefined || ++proxies > maxProxies) return known;
      known = address;
      if (!isTrusted(address)) break;
    }
    return known;
  };
}

/**
 * The elements of a list, from the last to the first; empty ones do not count (RFC 9110, section 5.6.1). Being read from
 * the right, a quote that a client leaves open at the left takes nothing of what proxies add.
 */
function* elementsFromRight(list: string): Generator<string> {
  let isQuoted = false;
  let end = list.length;
  for (let index = list.length - 1; index >= -1; index--) {
    const char = index < 0 ? "," : list[index];
    if (char === '"' && !isEscaped(list, index)) isQuoted = !isQuoted;
    if (char !== "," || (isQuoted && index >= 0)) continue;
    const element = list.slice(index + 1, end).trim();
    end = index;
    if (element) yield element;
  }
}

function isEscaped(text: string, index: number): boolean {
  let start = index;
  while (text[start - 1] === "\\") start--;
  return (index - start) % 2 === 1;
}

/** One pair of an element (RFC 7239, section 4). Colons and brackets are taken without quotes, too. */
const pair = /\s*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]+))\s*)?(?:;|$)/y;

/** The address of an element's `for`; undefined where it is malformed, `unknown` or a made-up name. */
function readForwarded(element: string): string | undefined {
  let found: string | undefined;
  pair.lastIndex = 0;
  while (pair.lastIndex < element.length) {
    const match = pair.exec(element);
    if (!match) return undefined;
    const [, name, quoted, token] = match;
    if (name?.toLowerCase() !== "for") continue;
    if (found !== undefined) return undefined;
    found = token ?? quoted?.replace(/\\(.)/g, "$1") ?? "";
  }
  return readNode(found ?? "");
}

/** An address alone, or with a port; IPv6 then stands in brackets (RFC 7239, section 6). */
const node = /^(?:\[([^\]]+)\]|([^:]+))(?::(?:\d{1,5}|_[\w.-]+))?$/;

function readNode(text: string): string | undefined {
  const match = node.exec(text);
  return plainAddress(match?.[1] ?? match?.[2] ?? text);
}
