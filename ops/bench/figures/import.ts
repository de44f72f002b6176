import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChannel } from "../../../clients/cli/import/channel.ts";
import { type IrcFile, listIrcFiles } from "../../../clients/cli/import/irc-folder.ts";
import { runImport } from "../../../clients/cli/import/run-import.ts";
import { connectByHttp2, createOperator } from "../../../clients/sdk/node/index.ts";
import { root } from "../../command.ts";
import type { Figure } from "../figure.ts";
import { commitsPerSecond } from "../floors/group-commit.ts";
import { type MeasuredServer, startMeasuredServer } from "../load/process.ts";

const corpus = join(root, "../shared/data/ubuntu-irc");
/** Days of the corpus that are imported, about 60,000 lines. */
const days = 40;
const madeLines = 30_000;

/** How fast a channel is brought over: logs of #ubuntu where they are at hand, else made ones. */
export async function measureImport(): Promise<Figure[]> {
  const server = await startMeasuredServer();
  const made = mkdtempSync(join(tmpdir(), "parley-logs-"));
  try {
    if (!existsSync(corpus)) writeFileSync(join(made, "2004-12-25.txt"), makeLog());
    const all = await listIrcFiles(existsSync(corpus) ? corpus : made);
    return [
      {
        name: `import of an IRC channel${existsSync(corpus) ? "" : " (made lines)"}`,
        unit: "lines/s",
        value: await linesPerSecond(server, all.slice(0, days)),
        floors: [{ name: "bare SQLite group commit of 250", value: commitsPerSecond(250) }],
      },
    ];
  } finally {
    rmSync(made, { recursive: true });
    await server.stop();
  }
}

async function linesPerSecond(server: MeasuredServer, files: readonly IrcFile[]): Promise<number> {
  const key = readFileSync(join(server.dataDir, "keys/operator.key"), "utf8");
  await using operator = createOperator({ url: server.url, key, connect: connectByHttp2 });
  const channel = "#ubuntu";
  const conversationId = await openChannel(operator, channel, files[0]?.dayMs ?? 0);
  const { lines, seconds } = await runImport(operator, { channel, conversationId, files });
  return lines / seconds;
}

function makeLog(): string {
  const line = (_: unknown, n: number) => `[10:00] <nick${n % 3000}> message number ${n}, of an ordinary length`;
  return `${Array.from({ length: madeLines }, line).join("\n")}\n`;
}
