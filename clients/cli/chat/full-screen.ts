import type { Conversation, Parley } from "@parley/sdk";
import type { Context } from "../context.ts";
import { createNames, titleOf } from "../names.ts";
import { type EditedLine, editLine, emptyLine, insert, type Key } from "../terminal/line-editor.ts";
import { createPaint } from "../terminal/paint.ts";
import { openScreen } from "../terminal/screen.ts";
import { chatHelp, parseLine } from "./commands.ts";
import { renderChat } from "./render.ts";
import { openRoom, type Room } from "./room.ts";

/** How often what ends by itself is looked after. */
const refreshMs = 1_000;

/** Chats in the whole terminal until /quit, Ctrl-C or Ctrl-D. */
export async function chatFullScreen(context: Context, parley: Parley, conversation: Conversation): Promise<void> {
  const { io, url } = context;
  const names = createNames(parley);
  await names.load([conversation.peerId]);
  const title = titleOf(conversation, names);
  const paint = createPaint(io.stdout, io.env);
  const stopped = new AbortController();
  const signal = AbortSignal.any([io.signal, stopped.signal]);
  let input: EditedLine = emptyLine;
  let scroll = 0;
  let pasting = false;
  let due = false;

  const draw = () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      const { columns, rows } = screen;
      const frame = renderChat(room.state, { title, columns, rows, scroll, input, names, paint });
      screen.draw(frame.lines, frame.cursorColumn);
    });
  };
  const room = openRoom({ parley, conversation, names, url, onChange: draw });
  const pageRows = () => Math.max(1, screen.rows - 4);

  const onKey = (key: Key) => {
    if (key.name === "paste-start" || key.name === "paste-end") pasting = key.name === "paste-start";
    else if (key.ctrl && (key.name === "c" || (key.name === "d" && input.text === ""))) stopped.abort();
    else if (key.name === "pageup") {
      scroll += pageRows();
      void room.loadEarlier();
    } else if (key.name === "pagedown") scroll = Math.max(0, scroll - pageRows());
    else if (key.name === "return" || key.name === "enter") {
      if (pasting) input = insert(input, "\n");
      else submit();
    } else {
      const before = input;
      input = editLine(input, key);
      if (input.text !== before.text && input.text !== "" && !input.text.startsWith("/")) room.typing();
    }
    draw();
  };
  const submit = () => {
    const line = input.text;
    input = emptyLine;
    scroll = 0;
    obey(room, line, () => stopped.abort()).catch((error) => room.tell(String(error)));
  };

  const screen = openScreen(io, { onKey, onResize: draw });
  const timer = setInterval(room.refresh, refreshMs);
  try {
    draw();
    await room.follow(signal);
  } finally {
    clearInterval(timer);
    screen.close();
    await room.close();
  }
}

/** Does what a typed line asks for. */
export async function obey(room: Room, line: string, quit: () => void): Promise<void> {
  const command = parseLine(line);
  switch (command.kind) {
    case "say":
      return room.say(command.text, command.action);
    case "edit":
      return room.editLast(command.text);
    case "delete":
      return room.deleteLast();
    case "members":
      return room.tell((await room.members()).join("\n"));
    case "help":
      return room.tell(chatHelp.join("\n"));
    case "quit":
      return quit();
    case "unknown":
      return room.tell(`There is no command /${command.name}; /help lists them.`);
    case "nothing":
  }
}
