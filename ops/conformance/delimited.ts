/** Messages as the runner writes them to and reads them from programs: 4 bytes of length, big-endian, the bytes. */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** The messages of a byte stream, in order. Throws where it ends within one. */
export async function* readDelimited<Desc extends DescMessage>(
  schema: Desc,
  input: AsyncIterable<Buffer>,
): AsyncGenerator<MessageShape<Desc>> {
  let held = Buffer.alloc(0);
  for await (const chunk of input) {
    held = Buffer.concat([held, chunk]);
    for (let end = endOfFirst(held); end <= held.length; end = endOfFirst(held)) {
      yield fromBinary(schema, held.subarray(lengthBytes, end));
      held = held.subarray(end);
    }
  }
  if (held.length > 0) throw new Error(`the input ends ${held.length} bytes into a message`);
}

export function writeDelimited<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  const bytes = toBinary(schema, message);
  const head = Buffer.alloc(lengthBytes);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

const lengthBytes = 4;

function endOfFirst(held: Buffer): number {
  return held.length < lengthBytes ? Number.POSITIVE_INFINITY : lengthBytes + held.readUInt32BE();
}
