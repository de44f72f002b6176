import { isIPv4 } from "node:net";

export interface ProxyHeaderOptions {
  /** Address of the client; "" for none. */
  readonly source?: string;
  /** Version and command; PROXY of version 2 unless told. */
  readonly command?: number;
  readonly family?: number;
  readonly additions?: Buffer;
}

/** What a proxy writes before a connection's bytes: the header of the PROXY protocol, version 2. */
export function proxyHeader({ source = "", command = 0x21, ...options }: ProxyHeaderOptions): Buffer {
  const addresses = addressesOf(source);
  const family = options.family ?? { 0: 0x00, 12: 0x11, 36: 0x21 }[addresses.length] ?? 0;
  const body = Buffer.concat([addresses, options.additions ?? Buffer.alloc(0)]);
  const head = Buffer.from([...Buffer.from("\r\n\r\n\0\r\nQUIT\n"), command, family, body.length >> 8, body.length]);
  return Buffer.concat([head, body]);
}

/** Source, a destination of no meaning, and their ports. */
function addressesOf(source: string): Buffer {
  if (source === "") return Buffer.alloc(0);
  const ports = Buffer.from([0xc3, 0xcb, 0x01, 0xbb]);
  const client = isIPv4(source) ? Buffer.from(source.split(".").map(Number)) : bytesOf(source);
  return Buffer.concat([client, Buffer.alloc(client.length), ports]);
}

function bytesOf(address: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high = "", low = "") => (Number(high) * 256 + Number(low)).toString(16);
  const text = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : address;
  const [before = [], after = []] = text.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}
