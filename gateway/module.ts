import { setImmediate as nextTurn } from "node:timers/promises";
import { createValidator } from "@bufbuild/protovalidate";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import type { Boot, Module, ModuleDefinition } from "#platform/runtime/module.ts";
import { createAnnouncements } from "./delivery/announcements.ts";
import { createAnnouncer } from "./delivery/announcer.ts";
import { Audience } from "./delivery/audience.ts";
import { Delivery } from "./delivery/delivery.ts";
import { passEphemera } from "./delivery/ephemera.ts";
import { watchPresence } from "./delivery/presence-watch.ts";
import { createDeliveryRoutes } from "./delivery/routes.ts";
import { watchSessions } from "./delivery/session-watch.ts";
import { createStreamMetrics } from "./delivery/stream-metrics.ts";
import { watchTold } from "./delivery/told-entries.ts";
import { keepStreamsUp } from "./delivery/upkeep.ts";
import { WriteTurns } from "./delivery/write-turns.ts";

/** The edge: open streams. */
export const gatewayModule: ModuleDefinition = {
  name: "gateway",
  needs: ["auth", "user", "chat", "presence"],
  follows: true,
  start: async (boot) => startGateway(boot),
};

function startGateway(boot: Boot): Module {
  const { following, log, incarnation, sealer, bus, clock, logger } = boot;
  const chat = boot.peer(ChatService);
  const presence = boot.peer(PresenceService);
  const audience = new Audience(following, chat);
  const metrics = createStreamMetrics(boot.metrics);
  const announcements = createAnnouncements(presence);
  const announcer = createAnnouncer(announcements);
  const presenceWatch = watchPresence(bus, presence);
  const delivery = new Delivery({
    ...{ following, log, incarnation, sealer, clock, logger },
    chat,
    audience,
    watchers: [metrics, announcer, { opened: () => {}, closed: presenceWatch.closed }],
  });
  const peers = { chat, presence, validator: createValidator(), budget: boot.callBudget, tracing: boot.tracing };
  const turns = new WriteTurns(metrics.wrote);
  boot.serve(DeliveryService, createDeliveryRoutes({ delivery, presenceWatch, peers, turns }));
  const endings = [
    following.listen(watchTold(boot, (entry) => audience.tell(entry))),
    watchSessions({ delivery, auth: boot.peer(AuthService), bus, clock, logger }),
    passEphemera(bus, audience, clock),
    keepStreamsUp({ delivery, following, clock }),
    presenceWatch.stop,
    announcer.stop,
  ];
  return {
    async drain() {
      delivery.drain();
      // The last frames are written at the end of this one.
      await nextTurn();
    },
    async stop() {
      delivery.drain();
      for (const end of endings) end();
      await announcements.stop();
    },
  };
}
