import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type Record as LogRecord,
  type PackedRecord,
  PackedRecordSchema,
  RecordSchema,
} from "#gen/parley/log/v1/record_pb.js";

/** The record as followers are shown it. */
export function packed(record: LogRecord): PackedRecord {
  return fromBinary(PackedRecordSchema, toBinary(RecordSchema, record));
}
