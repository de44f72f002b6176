import { clientId } from "#platform/runtime/ids.ts";
import { normalAddress } from "../contacts.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { readDevice, sessionMessage } from "./messages.ts";

export function registerRoutes({
  register,
  sessions,
}: Pick<AuthDeps, "register" | "sessions">): Pick<AuthRoutes, "register"> {
  return {
    async register(request, { signal }) {
      const { handle, phone, displayName, password } = request;
      const device = readDevice(request.device);
      const key = { deviceId: device.deviceId, clientId: clientId(request.clientId) };
      const wish = { handle, phone, email: normalAddress(request.email), displayName, password };
      const user = await register(key, wish, signal);
      return { session: sessionMessage(await sessions.start(user, device)) };
    },
  };
}
