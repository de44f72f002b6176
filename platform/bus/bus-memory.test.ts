import { describeBus } from "./bus.contract.ts";
import { createMemoryBus } from "./bus-memory.ts";

describeBus("memory", async () => {
  const bus = createMemoryBus();
  return [bus, bus];
});
