import { emitKeypressEvents } from "node:readline";
import type { Io } from "./io.ts";
import type { Key } from "./line-editor.ts";

/** The whole terminal, until it is closed. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines, with the cursor in the last one. */
  draw(lines: readonly string[], cursorColumn: number): void;
  /** Gives the terminal back as it was. Closing twice is harmless. */
  close(): void;
}

export interface ScreenHandlers {
  onKey(key: Key): void;
  onResize(): void;
}

/** Alternate buffer, and pasted text marked as such. */
const enter = "\u001b[?1049h\u001b[?2004h";
const leave = "\u001b[?2004l\u001b[?1049l";
const home = "\u001b[H";
const clearToLineEnd = "\u001b[K";
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

/** Takes the terminal over: every key comes here, and what is drawn fills it. */
export function openScreen({ stdin, stdout }: Io, handlers: ScreenHandlers): Screen {
  const onKeypress = (text: string | undefined, key: Key) => handlers.onKey({ ...key, sequence: key.sequence ?? text });
  emitKeypressEvents(stdin);
  stdin.setRawMode?.(true);
  stdin.on("keypress", onKeypress);
  stdin.resume();
  stdout.on("resize", handlers.onResize);
  stdout.write(enter);
  let open = true;
  return {
    get columns() {
      return stdout.columns ?? 80;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    draw(lines, cursorColumn) {
      if (!open) return;
      const text = lines.map((line) => line + clearToLineEnd).join("\r\n");
      stdout.write(`${hideCursor}${home}${text}\u001b[${lines.length};${cursorColumn + 1}H${showCursor}`);
    },
    close() {
      if (!open) return;
      open = false;
      stdin.off("keypress", onKeypress);
      stdout.off("resize", handlers.onResize);
      stdin.setRawMode?.(false);
      stdin.pause();
      stdout.write(leave + showCursor);
    },
  };
}
