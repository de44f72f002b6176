import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{platform,services,gateway,clients,ops}/**/*.test.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
