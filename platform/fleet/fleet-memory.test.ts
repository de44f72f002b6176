import { describeFleet } from "./fleet.contract.ts";
import { createMemoryFleet } from "./fleet-memory.ts";

describeFleet("memory", async (self) => createMemoryFleet(self));
