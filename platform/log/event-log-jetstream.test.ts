import { describeOnEngines } from "#platform/testing/engines.ts";
import { createHoldingEventLog } from "#platform/testing/holding-event-log.ts";
import { openTestJetStreamLog } from "#platform/testing/nats.ts";
import { describeEventLog } from "./event-log.contract.ts";

describeOnEngines("one server", ["nats"], () => {
  describeEventLog("JetStream", () => openTestJetStreamLog(1));
});

describeOnEngines("three servers", ["nats-cluster"], () => {
  describeEventLog("JetStream", async () => createHoldingEventLog(await openTestJetStreamLog(3)));
});
