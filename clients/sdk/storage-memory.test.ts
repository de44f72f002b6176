import { describeStorage } from "./storage.contract.ts";
import { createMemoryStorage } from "./storage-memory.ts";

describeStorage("memory", createMemoryStorage);
