import { BlockList, isIP } from "node:net";
import { plainAddress } from "./client-address.ts";

/** How proxies tell whose request or connection they pass on. */
export const proxyHeaders = ["x-forwarded-for", "forwarded", "proxy-v2"] as const;
export type ProxyHeader = (typeof proxyHeaders)[number];

/** Proxies whose word on their clients' addresses is taken. */
export interface TrustedProxies {
  /** Addresses, ranges in CIDR notation, `loopback` or `private`. */
  readonly ranges: readonly string[];
  readonly header: ProxyHeader;
}

const named: ReadonlyMap<string, readonly string[]> = new Map([
  ["loopback", ["127.0.0.0/8", "::1"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]],
]);

/** Whether an address is one of a trusted proxy. */
export type Trust = (address: string) => boolean;

/** `ranges` are such as `isProxyRange` accepts. */
export function createTrust(ranges: readonly string[]): Trust {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const { address, bits } of ranges.flatMap((range) => named.get(range) ?? [range]).map(readRange)) {
    list.addSubnet(address, bits, isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const version = isIP(address);
    if (version === 4) return list.check(address);
    return version === 6 && list.check(address.split("%", 1)[0] ?? "", "ipv6");
  };
}

/** A range of all addresses is none: then everybody could say to be anybody. */
export function isProxyRange(text: string): boolean {
  return named.has(text) || Number.isInteger(readRange(text).bits);
}

/** `bits` is NaN where the text is no range. */
function readRange(text: string): { address: string; bits: number } {
  const [, given = "", suffix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = plainAddress(given) ?? "";
  const width = isIP(address) === 4 ? 32 : 128;
  const bits = suffix === undefined ? width : Number(suffix);
  return { address, bits: isIP(address) !== 0 && bits >= 1 && bits <= width ? bits : Number.NaN };
}
