// Runs before `npm start` and `npm test`, on whatever Node there is (12 and later), and names the fix if it is too old.
const wanted = require("../../package.json").engines.node.replace(">=", "");

if (isOlder(process.versions.node, wanted)) {
  console.error(`Parley needs Node ${wanted} or newer, but this is Node ${process.versions.node}.
On Linux, \`npm ci\` brings Node 24 along; run it first. Elsewhere, install Node 24 LTS from nodejs.org.`);
  process.exit(1);
}

function isOlder(version, than) {
  const a = version.split(".").map(Number);
  const b = than.split(".").map(Number);
  const first = a.findIndex((number, i) => number !== b[i]);
  return first >= 0 && a[first] < b[first];
}
