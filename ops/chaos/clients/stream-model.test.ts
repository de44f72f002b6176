import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { StreamModel } from "./stream-model.ts";

type FrameInit = NonNullable<MessageInitShape<typeof FrameSchema>["frame"]>;
const conversationId = "c";
const joined = (base: number): FrameInit => ({ case: "joined", value: { conversationId, baseSeq: BigInt(base) } });
const event = (seq: number): FrameInit => ({ case: "event", value: { conversationId, seq: BigInt(seq) } });
const covered = (from: number, to: number) => ({ conversationId, fromSeq: BigInt(from), toSeq: BigInt(to) });
const token = (name: string): FrameInit => ({ case: "heartbeat", value: { token: name } });

/** What is found on streams with these frames, each resumed from the last token of the one before. */
function findings(...streams: FrameInit[][]): string[] {
  const model = new StreamModel("ann");
  for (const frames of streams) {
    model.begin();
    for (const frame of frames) model.apply(create(FrameSchema, { frame }), 0);
  }
  return model.findings.map(({ promise }) => promise);
}

test("a stream without holes", () => {
  expect(findings([joined(4), event(5), event(6)])).toEqual([]);
});

test("a hole is all right where it is covered", () => {
  expect(findings([joined(0), event(1), event(3)])).toEqual(["P6"]);
  expect(findings([joined(0), event(1), { case: "skip", value: covered(2, 2) }, event(3)])).toEqual([]);
  expect(findings([joined(0), event(1), { case: "limited", value: covered(2, 8) }, event(9)])).toEqual([]);
  expect(findings([joined(0), event(1), { case: "limited", value: covered(3, 8) }])).toEqual(["P6"]);
});

test("what comes again on a stream is told", () => {
  expect(findings([joined(0), event(1), event(1)])).toEqual(["P7"]);
});

test("a conversation has to begin", () => {
  expect(findings([event(1)])).toEqual(["P6"]);
});

test("a stream goes on where its token was given, not where the one before it ended", () => {
  const first = [joined(0), event(1), token("a"), event(2)];
  expect(findings(first, [event(2), event(3)])).toEqual([]);
  expect(findings(first, [event(1)])).toEqual(["P7"]);
  expect(findings(first, [event(3)])).toEqual(["P6"]);
});

test("a reset is told: no log was lost", () => {
  expect(findings([{ case: "reset", value: {} }])).toEqual(["P7"]);
});
