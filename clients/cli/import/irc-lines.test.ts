import { expect, test } from "vitest";
import { parseIrcLine } from "./irc-lines.ts";

const read = (line: string) => parseIrcLine(line, "#ubuntu");
const said = (minute: number, nick: string, text: string, action = false) => ({
  kind: "said",
  minute,
  nick,
  text,
  action,
});

test("what is said keeps its blanks and everything behind the first >", () => {
  expect(read("[09:48] <neoxed>  Flags: 66MHz ")).toEqual(said(588, "neoxed", " Flags: 66MHz "));
  expect(read("[00:00] <a> <b> hi")).toEqual(said(0, "a", "<b> hi"));
  expect(read("[03:19] <a>$ netstat -W")).toEqual(said(199, "a", "$ netstat -W"));
  expect(read("[23:59] <MiO> Œn\b")).toEqual(said(1439, "MiO", "Œn\b"));
});

test("an action is what follows the nick", () => {
  expect(read("[07:36]  * [Saint] rolls a dice")).toEqual(said(456, "[Saint]", "rolls a dice", true));
});

test("who says nothing but blanks says nothing", () => {
  for (const line of ["[02:34] <Ttech>", "[02:34] <Ttech> ", "[02:34] <Ttech>    ", "[02:34]  * Ttech"]) {
    expect(read(line)).toEqual({ kind: "wordless", minute: 154 });
  }
});

test("joins and leaves are those of the channel, in any case", () => {
  expect(read("=== devFran  has joined #Ubuntu")).toEqual({ kind: "joined", nick: "devFran" });
  expect(read("=== a has joined #ubuntu-offtopic")).toEqual({ kind: "unknown" });
  expect(read('=== tecta  has left #UBUNTU ["bah"]')).toEqual({ kind: "left", nick: "tecta" });
  expect(read('=== tecta  has left #ubuntu ["Knowledge]')).toEqual({ kind: "left", nick: "tecta" });
  expect(read("=== tecta has left #ubuntu")).toEqual({ kind: "left", nick: "tecta" });
});

test("a nick is read without the blanks and addresses that logs add", () => {
  expect(read("[00:41] <[cro] smiley> hi")).toEqual(said(41, "[cro]smiley", "hi"));
  expect(read("=== bur[n] er  has joined #ubuntu")).toEqual({ kind: "joined", nick: "bur[n]er" });
  expect(read("=== Istario [n=[tgn] cok@host.example]  has joined #ubuntu")).toEqual({
    kind: "joined",
    nick: "Istario",
  });
  expect(read("=== Guard] [an  has joined #ubuntu")).toEqual({ kind: "joined", nick: "Guard][an" });
});

test("a rename names both nicks", () => {
  const line = "=== Virtuall[BZA]  is now known as Virtuall";
  expect(read(line)).toEqual({ kind: "renamed", nick: "Virtuall[BZA]", newNick: "Virtuall" });
});

test("what nobody says is unknown, its stamp is read all the same", () => {
  expect(read("[01:26] -fql:#ubuntu- hello")).toEqual({ kind: "unknown", minute: 86 });
  expect(read("[01:09] (soundray/#ubuntu) thomas: hello")).toEqual({ kind: "unknown", minute: 69 });
  expect(read("===  has joined #ubuntu")).toEqual({ kind: "unknown" });
  expect(read("[24:00] <a> hi")).toEqual({ kind: "unknown" });
  expect(read("--- log opened")).toEqual({ kind: "unknown" });
});

test("a line of blanks is empty", () => {
  expect(read("")).toEqual({ kind: "empty" });
  expect(read(" \t")).toEqual({ kind: "empty" });
});
