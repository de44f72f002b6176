import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { userId } from "#platform/runtime/ids.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { createLastSeen } from "./last-seen.ts";
import { createPresenceTracker } from "./presence.ts";
import { createPrivacyCache } from "./privacy-cache.ts";
import { createStatusRoutes } from "./routes/status.ts";
import { createTypingRoutes } from "./routes/typing.ts";
import { openPresenceStores } from "./stores/open-stores.ts";

/** With the 60 s that a status lasts it stays well below the 120 s that it may be shown at most. */
const expiryIntervalMs = 5_000;

export const presenceModule: ModuleDefinition = {
  name: "presence",
  needs: ["user", "chat"],
  async start(boot) {
    const { serve, peer, bus, clock, logger } = boot;
    const stores = openPresenceStores(boot);
    const lastSeen = createLastSeen(stores.lastSeen, logger);
    const presence = createPresenceTracker({ store: stores.presence, lastSeen, bus });
    const privacy = createPrivacyCache(peer(UserService), clock);
    serve(PresenceService, {
      ...createStatusRoutes({ presence, privacy }),
      ...createTypingRoutes({ chat: peer(ChatService), bus, limit: stores.typing }),
    });
    const forgetPrivacy = bus.subscribe("privacy", (payload) => {
      const changed = userId(Buffer.from(payload).toString());
      privacy.forget(changed);
      presence.retell(changed).catch((error: unknown) => logger.error({ err: error }, "presence not told again"));
    });
    let expiring = Promise.resolve();
    const timer = setInterval(() => {
      expiring = presence.expire().catch((error: unknown) => logger.error({ err: error }, "presence not expired"));
    }, expiryIntervalMs).unref();
    return {
      async stop() {
        clearInterval(timer);
        forgetPrivacy();
        await expiring;
        await lastSeen.written();
      },
    };
  },
};
