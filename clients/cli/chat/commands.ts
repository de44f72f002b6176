/** What a typed line asks for. */
export type ChatCommand =
  | { readonly kind: "say"; readonly text: string; readonly action: boolean }
  | { readonly kind: "edit"; readonly text: string }
  | { readonly kind: "delete" | "members" | "help" | "quit" | "nothing" }
  | { readonly kind: "unknown"; readonly name: string };

export const chatHelp = [
  "/me <text>     tell what you do",
  "/edit <text>   give your last message another text",
  "/delete        delete your last message",
  "/members       who is here",
  "/quit          leave the chat (Ctrl-D does too)",
  "//<text>       a message that begins with /",
  "PgUp, PgDn     scroll",
];

/** Reads a line. A line that begins with "/" is a command, with "//" a message that begins with "/". */
export function parseLine(line: string): ChatCommand {
  const text = line.trim();
  if (text === "") return { kind: "nothing" };
  if (!text.startsWith("/")) return { kind: "say", text, action: false };
  if (text.startsWith("//")) return { kind: "say", text: text.slice(1), action: false };
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/su.exec(text) ?? [];
  switch (name) {
    case "me":
      return rest === "" ? { kind: "nothing" } : { kind: "say", text: rest, action: true };
    case "edit":
      return rest === "" ? { kind: "nothing" } : { kind: "edit", text: rest };
    case "delete":
    case "members":
    case "help":
    case "quit":
      return { kind: name };
    default:
      return { kind: "unknown", name };
  }
}
