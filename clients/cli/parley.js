#!/usr/bin/env node
// Plain JavaScript that every Node can parse: an older one is told so, instead of failing on the first type.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 24 || (major === 24 && minor >= 14)) {
  const { main } = await import("./main.ts");
  await main();
} else {
  console.error(
    `Parley needs Node 24.14 or newer, and this is ${process.versions.node}. In the checkout, use: npx parley`,
  );
  process.exitCode = 1;
}
