import { Client } from "cassandra-driver";
import { expect, test } from "vitest";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";

const create = "CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";

describeOnOwnEngines("Cassandra for tests", ["cql"], (start) => {
  test("keeps what it acknowledged over a kill and a restart at the same address", async () => {
    const engine = await start("cql", { syncAlways: true });
    const [node] = engine.nodes;
    const rows = async (...statements: string[]) => {
      const client = new Client({ contactPoints: [node?.address ?? ""], localDataCenter: "datacenter1" });
      try {
        await client.connect();
        const results = [];
        for (const statement of statements) results.push((await client.execute(statement)).rows);
        return results.at(-1);
      } finally {
        await client.shutdown();
      }
    };
    await rows(create, "CREATE TABLE kept.t (id int PRIMARY KEY)", "INSERT INTO kept.t (id) VALUES (7)");
    await node?.restart();
    expect(await rows("SELECT id FROM kept.t")).toMatchObject([{ id: 7 }]);
  }, 240_000);
});
