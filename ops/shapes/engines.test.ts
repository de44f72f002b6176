import { vi } from "vitest";
import { describeScenarios, scenarios } from "./scenarios.ts";

vi.setConfig({ hookTimeout: 240_000, testTimeout: 120_000 });
describeScenarios("engines", scenarios);
