import { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { createPrivacyRoutes } from "./routes/privacy.ts";
import { createProfileRoutes } from "./routes/profiles.ts";
import { createSqliteHandleIndex } from "./stores/handle-index-sqlite.ts";
import { createSqliteProfileStore } from "./stores/profile-store-sqlite.ts";
import { createWriteTimes } from "./write-times.ts";

export const userModule: ModuleDefinition = {
  name: "user",
  needs: [],
  async start({ serve, store, clock, bus }) {
    const profiles = createSqliteProfileStore(store.db);
    const handles = createSqliteHandleIndex(store.db);
    const nextWriteTime = createWriteTimes(clock);
    serve(UserService, {
      ...createProfileRoutes({ profiles, handles, nextWriteTime }),
      ...createPrivacyRoutes({ profiles, nextWriteTime, bus }),
    });
    return { async stop() {} };
  },
};
