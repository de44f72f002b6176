import { isIPv4, isIPv6, SocketAddress } from "node:net";

const mappedIPv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * An address in its one spelling: IPv6 shortened and without zone, IPv4 that is mapped into IPv6 as IPv4. Undefined for
 * what is no address.
 */
export function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const unzoned = text.split("%", 1)[0] ?? "";
  const { address } = new SocketAddress({ address: unzoned, family: "ipv6" });
  return mappedIPv4.exec(address)?.[1] ?? address;
}

/**
 * The part of an address that one client can't choose: all of an IPv4 address, the first 64 bits of an IPv6 one, since
 * a single host commonly owns the rest.
 */
export function addressBlock(address: string): string {
  const mapped = mappedIPv4.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = "", tail = ""] = address.split("%", 1)[0]?.split("::", 2) ?? [];
  const before = head.split(":").filter(Boolean);
  const after = tail.split(":").filter(Boolean);
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = address.includes("::") ? [...before, ...zeros, ...after] : before;
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
