import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "ops/engines/broker.ts",
    include: ["{platform,services,gateway,clients,ops}/**/*.test.ts"],
    pool: "forks",
    // Two even on two cores: much of the suite waits for fsyncs, sockets and processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    slowTestThreshold: 1_000,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
