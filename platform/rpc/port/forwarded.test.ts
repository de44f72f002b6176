import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAddressOf, maxProxies } from "./forwarded.ts";
import { createTrust } from "./trusted-proxies.ts";

const isTrusted = createTrust(["10.0.0.0/8", "fd00::/8"]);
const xff = createAddressOf(isTrusted, "x-forwarded-for");
const forwarded = createAddressOf(isTrusted, "forwarded");
const proxy = "10.0.0.1";

describe("X-Forwarded-For", () => {
  const clientOf = (header: string, connection = proxy) => xff(connection, { "x-forwarded-for": header });

  test.each([
    ["192.0.2.7", "192.0.2.7"],
    [" 192.0.2.7:50123\t", "192.0.2.7"],
    ["2001:DB8:0::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["198.51.100.1, 192.0.2.7", "192.0.2.7"],
    ["192.0.2.7, 10.0.0.9", "192.0.2.7"],
    ["198.51.100.1,192.0.2.7,fd00::2,10.0.0.9", "192.0.2.7"],
    ["10.0.0.8, 10.0.0.9", "10.0.0.8"],
    [", 192.0.2.7, ,", "192.0.2.7"],
  ])("%s is %s", (header, client) => {
    expect(clientOf(header)).toBe(client);
  });

  test.each(["", " , ,", "unknown", "localhost", "192.0.2.7:port", "192.0.2.256", "192.0.2.7, nobody", "[::1", "\0"])(
    "%j tells nobody: the proxy itself counts",
    (header) => {
      expect(clientOf(header)).toBe(proxy);
    },
  );

  test("what a trusted proxy could not read counts as that proxy", () => {
    expect(clientOf("192.0.2.7, nobody, 10.0.0.9")).toBe("10.0.0.9");
  });

  test("who is not trusted speaks for nobody else", () => {
    expect(clientOf("198.51.100.1", "192.0.2.7")).toBe("192.0.2.7");
    expect(clientOf("198.51.100.1", "")).toBe("");
  });

  test("without the header the connection counts, and another header is not read", () => {
    expect(xff(proxy, {})).toBe(proxy);
    expect(xff(proxy, { forwarded: "for=192.0.2.7" })).toBe(proxy);
  });

  test("a client is looked for behind so many proxies and no more", () => {
    const row = (proxies: number) => ["192.0.2.7", ...Array<string>(proxies).fill("10.0.0.9")].join(",");
    expect(clientOf(row(maxProxies - 1))).toBe("192.0.2.7");
    expect(clientOf(row(maxProxies))).toBe("10.0.0.9");
  });
});

describe("Forwarded", () => {
  const clientOf = (header: string, connection = proxy) => forwarded(connection, { forwarded: header });

  test.each([
    ["for=192.0.2.7", "192.0.2.7"],
    ['For="192.0.2.7:47011"', "192.0.2.7"],
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ['for="[2001:db8:cafe::17]:_hidden.port"', "2001:db8:cafe::17"],
    ["for=192.0.2.7;proto=https;by=203.0.113.43", "192.0.2.7"],
    ["proto=https; for=192.0.2.7 ;host=chat.example", "192.0.2.7"],
    ['by="a,b;for=198.51.100.1";for=192.0.2.7', "192.0.2.7"],
    ['by="\\",for=198.51.100.1";for="19\\2.0.2.7"', "192.0.2.7"],
    ["for=198.51.100.1, for=192.0.2.7", "192.0.2.7"],
    ['for=192.0.2.7, for="[fd00::2]:80";by=10.0.0.1, for=10.0.0.9', "192.0.2.7"],
    ["for=192.0.2.7:80", "192.0.2.7"],
  ])("%s is %s", (header, client) => {
    expect(clientOf(header)).toBe(client);
  });

  test.each([
    "for=unknown",
    "for=_SEVKISEK",
    'for=""',
    "for=",
    "proto=https",
    "192.0.2.7",
    "for=192.0.2.7;for=192.0.2.8",
    'for="192.0.2.7',
    "for=192.0.2.7 by=10.0.0.1",
    "for=2001:db8::7:4711:x",
    "for =192.0.2.7",
    "=192.0.2.7",
  ])("%s tells nobody: the proxy itself counts", (header) => {
    expect(clientOf(header)).toBe(proxy);
  });

  test("whatever a client leaves open at the left, what the proxy adds is read", () => {
    const quoted = 'for="[2001:db8::7]:4711";by="10.0.0.1"';
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'",;\\ =[]:for127.') }), (made) => {
        expect(clientOf(`${made}, ${quoted}`)).toBe("2001:db8::7");
      }),
    );
  });
});

test("reading takes time in proportion to the length, whatever is written", () => {
  const length = 1_000_000;
  const lists = [
    ...['"\\', "\\", '"', ";", ",", ",10.0.0.9", "=", "[", 'a="";', "a=b;"].map((part) =>
      part.repeat(length / part.length),
    ),
    `a=b;${" ".repeat(length)}x`,
    `for=${"1".repeat(length)} x`,
    `for="${"\\1".repeat(length / 2)}x`,
  ];
  for (const list of lists) expect([proxy, "10.0.0.9"]).toContain(forwarded(proxy, { forwarded: list }));
  for (const list of lists) expect([proxy, "10.0.0.9"]).toContain(xff(proxy, { "x-forwarded-for": list }));
});

const address = fc.oneof(fc.ipV4(), fc.ipV6());
const untrusted = fc.ipV4().filter((text) => !isTrusted(text));
const proxyNames = fc.array(fc.constantFrom("10.0.0.9", "fd00::2"), { maxLength: maxProxies - 1 });

test.each(["x-forwarded-for", "forwarded"] as const)("%s: the client is the last that is no proxy", (header) => {
  const write = (text: string) => (header === "forwarded" ? `for="${text.includes(":") ? `[${text}]` : text}"` : text);
  fc.assert(
    fc.property(fc.array(address), untrusted, proxyNames, (before, client, proxies) => {
      const list = [...before, client, ...proxies].map(write).join(", ");
      expect(createAddressOf(isTrusted, header)(proxy, { [header]: list })).toBe(client);
    }),
  );
});

test.each(["x-forwarded-for", "forwarded"] as const)("%s: garbage never throws, nor is it an address", (header) => {
  const addressOf = createAddressOf(isTrusted, header);
  const garbage = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: fc.constantFrom(...'",;\\ =[]:for1.%') }));
  fc.assert(
    fc.property(garbage, (text) => {
      expect(addressOf(proxy, { [header]: text })).toMatch(/^[\da-f.:]+$/);
    }),
  );
});
