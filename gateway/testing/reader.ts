import { create } from "@bufbuild/protobuf";
import pino from "pino";
import { type CloseReason, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { createSealer } from "#platform/runtime/sealing.ts";
import { Audience } from "../delivery/audience.ts";
import { Delivery } from "../delivery/delivery.ts";
import type { Stream } from "../delivery/stream.ts";
import { ModelClient } from "./model-client.ts";
import { TakenFrames } from "./taken-frames.ts";
import type { World } from "./world.ts";

export function identityOf(user: string, device: string): UserIdentity {
  return { kind: "user", userId: userId(user), deviceId: deviceId(device), sessionId: sessionId(device) };
}

/** Who listens in a world, told of what is followed. */
export function audienceOf({ following, chat }: World): Audience {
  const audience = new Audience(following, chat);
  following.listen((entry) => audience.tell(entry));
  return audience;
}

/** The delivery of a world, as the gateway wires it. */
export function deliveryOver(world: World, incarnation = 1, audience = audienceOf(world)): Delivery {
  const { following, log, chat } = world;
  const logger = pino({ level: "silent" });
  const sealer = createSealer(new Uint8Array(32));
  return new Delivery({
    following,
    log,
    incarnation,
    chat,
    audience,
    logger,
    sealer,
    clock: () => Date.now(),
    watchers: [],
  });
}

/** A client of one user that connects, drops and resumes. */
export class Reader {
  readonly client = new ModelClient();
  readonly #delivery: Delivery;
  readonly #identity: UserIdentity;
  stream: Stream | undefined;
  #frames: TakenFrames | undefined;

  /** The device is the user's only one unless another is named. */
  constructor(delivery: Delivery, user: string, device = user) {
    this.#delivery = delivery;
    this.#identity = identityOf(user, device);
  }

  async connect(): Promise<void> {
    if (this.stream && !this.stream.isClosed) return;
    const request = create(SubscribeRequestSchema, { token: this.client.token });
    this.stream = await this.#delivery.open(this.#identity, request, new AbortController().signal);
    this.#frames = new TakenFrames(this.stream);
  }

  /** Takes up to `count` frames; fewer where a live stream has no more. */
  async take(count: number): Promise<void> {
    const { stream } = this;
    for (let taken = 0; stream && taken < count; taken++) {
      if (stream.isLive && !stream.hasFrames) return;
      if (!(await this.takeNext())) return;
    }
  }

  /** Takes the next frame, once there is one; false after the last. */
  async takeNext(): Promise<boolean> {
    const frame = await this.#frames?.next();
    if (frame) this.client.apply(frame);
    return frame !== undefined;
  }

  drop(crashes: boolean): void {
    this.stream?.abandon();
    this.stream = undefined;
    if (crashes) this.client.crash();
  }

  async close(reason: CloseReason): Promise<void> {
    if (!this.stream) return;
    this.stream.close(reason);
    await this.takeNext();
    this.stream = undefined;
  }

  async catchUp(): Promise<void> {
    await this.take(Number.POSITIVE_INFINITY);
    await this.connect();
    await this.take(Number.POSITIVE_INFINITY);
  }
}
