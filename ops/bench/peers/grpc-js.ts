/** The gRPC library for Node. Delivered messages are encoded once, which its serializers allow. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import {
  ChatService,
  type SendMessageRequest,
  SendMessageRequestSchema,
  type SendMessageResponse,
  SendMessageResponseSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { pathOf } from "../load/wire.ts";
import { announcePeer } from "./control.ts";
import { acknowledgement, encodedFrame } from "./messages.ts";

const listeners = new Set<ServerWritableStream<Buffer, Buffer>>();

const identity = (bytes: Buffer): Buffer => bytes;

const sendMessage = {
  path: pathOf(ChatService.method.sendMessage),
  requestStream: false,
  responseStream: false,
  requestSerialize: (message: SendMessageRequest) => Buffer.from(toBinary(SendMessageRequestSchema, message)),
  requestDeserialize: (bytes: Buffer) => fromBinary(SendMessageRequestSchema, bytes),
  responseSerialize: (message: SendMessageResponse) => Buffer.from(toBinary(SendMessageResponseSchema, message)),
  responseDeserialize: (bytes: Buffer) => fromBinary(SendMessageResponseSchema, bytes),
};

const subscribe = {
  path: pathOf(DeliveryService.method.subscribe),
  requestStream: false,
  responseStream: true,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
};

const server = new Server();
server.addService(
  { sendMessage, subscribe },
  {
    sendMessage(_: ServerUnaryCall<SendMessageRequest, SendMessageResponse>, done: sendUnaryData<SendMessageResponse>) {
      done(null, acknowledgement());
    },
    subscribe(call: ServerWritableStream<Buffer, Buffer>) {
      listeners.add(call);
      call.once("cancelled", () => listeners.delete(call));
      call.on("error", () => listeners.delete(call));
    },
  },
);

const port = Promise.withResolvers<number>();
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, number) => {
  if (error) port.reject(error);
  else port.resolve(number);
});
const frame = Buffer.from(encodedFrame);
await announcePeer(`http://127.0.0.1:${await port.promise}`, {
  size: () => listeners.size,
  publish() {
    for (const listener of listeners) listener.write(frame);
  },
});
