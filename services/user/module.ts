import { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { createPrivacyRoutes } from "./routes/privacy.ts";
import { createProfileRoutes } from "./routes/profiles.ts";
import { openUserStores } from "./stores/open-stores.ts";
import { createWriteTimes } from "./write-times.ts";

export const userModule: ModuleDefinition = {
  name: "user",
  needs: [],
  async start({ serve, store, clock, bus }) {
    const { profiles, handles } = openUserStores(store);
    const nextWriteTime = createWriteTimes(clock);
    serve(UserService, {
      ...createProfileRoutes({ profiles, handles, nextWriteTime }),
      ...createPrivacyRoutes({ profiles, nextWriteTime, bus }),
    });
    return { async stop() {} };
  },
};
