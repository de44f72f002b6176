import { expect, test } from "vitest";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { describeBus } from "./bus.contract.ts";
import { createNatsBus } from "./bus-nats.ts";

/** As two processes of one installation see it. */
async function openBoth() {
  const name = freshName();
  const engines = await Promise.all([openTestNats(1, name), openTestNats(1, name)]);
  return { engines, buses: [createNatsBus(engines[0]), createNatsBus(engines[1])] as const };
}

describeOnEngines("on NATS", ["nats"], () => {
  describeBus("NATS", async () => (await openBoth()).buses);

  test("news are heard again once a lost connection is back", async () => {
    const { engines, buses } = await openBoth();
    let heard = 0;
    buses[1].subscribe("typing", () => heard++);
    await engines[1].connection.reconnect();
    await until(() => engines[1].notReady() ?? "");
    await until(() => {
      buses[0].publish("typing", new Uint8Array(0));
      return heard > 0 ? "" : "nothing heard";
    });
  });

  test("installations on the same servers do not hear each other", async () => {
    const [one, other] = [await openBoth(), await openBoth()];
    let heard = 0;
    other.buses[0].subscribe("typing", () => heard++);
    one.buses[0].publish("typing", new Uint8Array(0));
    await Promise.all([...one.engines, ...other.engines].map(({ connection }) => connection.flush()));
    expect(heard).toBe(0);
  });
});
