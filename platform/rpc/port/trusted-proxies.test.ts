import { expect, test } from "vitest";
import { createTrust, isProxyRange } from "./trusted-proxies.ts";

test.each([
  [["10.0.0.0/8"], ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "9.255.255.255", "::a01:203"]],
  [["10.1.2.3/8"], ["10.200.0.1"], ["11.1.2.3"]],
  [["192.0.2.7"], ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8"]],
  [["::ffff:192.0.2.7"], ["192.0.2.7"], ["192.0.2.8"]],
  [["2001:db8::/33"], ["2001:db8::1", "2001:db8:7fff::"], ["2001:db8:8000::"]],
  [["fe80::/10"], ["fe80::1%eth0"], ["192.0.2.7"]],
  [["loopback"], ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"], ["::2", "128.0.0.1"]],
  [["private"], ["10.0.0.1", "172.31.0.1", "192.168.1.1", "fd00::1"], ["172.32.0.1", "192.0.2.7", "fe80::1"]],
  [["192.0.2.7", "private"], ["192.0.2.7", "10.0.0.1"], ["127.0.0.1"]],
  [["private"], [], ["", "proxy", "10.0.0", "10.0.0.1:80"]],
  [[], [], ["127.0.0.1"]],
])("%j trusts what is inside, however it is spelled", (ranges, inside, outside) => {
  expect(ranges.every(isProxyRange)).toBe(true);
  const trust = createTrust(ranges);
  expect(inside.filter((address) => !trust(address))).toEqual([]);
  expect(outside.filter(trust)).toEqual([]);
});

test.each([
  "",
  "proxy.example",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "10.0/8",
  "fd00::/129",
  "0.0.0.0/0",
  "::/0",
  "constructor",
])("%j is no range", (text) => {
  expect(isProxyRange(text)).toBe(false);
});
