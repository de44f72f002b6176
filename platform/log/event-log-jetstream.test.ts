import { openTestJetStreamLog } from "#platform/testing/nats.ts";
import { describeEventLog } from "./event-log.contract.ts";

describeEventLog("JetStream, one server", () => openTestJetStreamLog(1));
describeEventLog("JetStream, three servers", () => openTestJetStreamLog(3));
