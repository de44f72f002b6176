import { type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  AuthService,
  BackupService,
  ChatService,
  DeliveryService,
  MediaService,
  PresenceService,
  UserService,
} from "./contract.ts";

/** Typed clients of every service of the contract. */
export interface Services {
  readonly auth: Client<typeof AuthService>;
  readonly user: Client<typeof UserService>;
  readonly backup: Client<typeof BackupService>;
  readonly chat: Client<typeof ChatService>;
  readonly delivery: Client<typeof DeliveryService>;
  readonly presence: Client<typeof PresenceService>;
  readonly media: Client<typeof MediaService>;
}

export function createServices(transport: Transport): Services {
  return {
    auth: createClient(AuthService, transport),
    user: createClient(UserService, transport),
    backup: createClient(BackupService, transport),
    chat: createClient(ChatService, transport),
    delivery: createClient(DeliveryService, transport),
    presence: createClient(PresenceService, transport),
    media: createClient(MediaService, transport),
  };
}
