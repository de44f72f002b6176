import type { CommandDefinition } from "../context.ts";
import { backupCommand } from "./backup.ts";
import { channelCommands } from "./channel.ts";
import { chatCommand } from "./chat.ts";
import { conversationsCommand } from "./conversations.ts";
import { downloadCommand } from "./download.ts";
import { exportCommand } from "./export.ts";
import { groupCommands } from "./group.ts";
import { historyCommand } from "./history.ts";
import { importCommand } from "./import.ts";
import { loginCommand } from "./login.ts";
import { logoutCommand } from "./logout.ts";
import { recoverCommand } from "./recover.ts";
import { registerCommand } from "./register.ts";
import { replayCommand } from "./replay.ts";
import { restoreCommand } from "./restore.ts";
import { sendCommand } from "./send.ts";
import { statusCommand } from "./status.ts";
import { tailCommand } from "./tail.ts";
import { uploadCommand } from "./upload.ts";

/** Every command, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  registerCommand,
  loginCommand,
  logoutCommand,
  chatCommand,
  sendCommand,
  historyCommand,
  tailCommand,
  conversationsCommand,
  groupCommands,
  channelCommands,
  uploadCommand,
  downloadCommand,
  importCommand,
  replayCommand,
  backupCommand,
  restoreCommand,
  recoverCommand,
  exportCommand,
  statusCommand,
];
