/** Every message, enum and service of the contract, so that an application imports from one place. */
export * from "../../gen/parley/auth/v1/auth_pb.js";
export * from "../../gen/parley/auth/v1/errors_pb.js";
export * from "../../gen/parley/backup/v1/backup_pb.js";
export * from "../../gen/parley/backup/v1/errors_pb.js";
export * from "../../gen/parley/chat/v1/chat_pb.js";
export * from "../../gen/parley/chat/v1/delivery_pb.js";
export * from "../../gen/parley/chat/v1/errors_pb.js";
export * from "../../gen/parley/chat/v1/events_pb.js";
export * from "../../gen/parley/errors/v1/errors_pb.js";
export * from "../../gen/parley/media/v1/errors_pb.js";
export * from "../../gen/parley/media/v1/media_pb.js";
export * from "../../gen/parley/presence/v1/errors_pb.js";
export * from "../../gen/parley/presence/v1/presence_pb.js";
export * from "../../gen/parley/user/v1/errors_pb.js";
export * from "../../gen/parley/user/v1/user_pb.js";
