import { createHoldingEventLog } from "#platform/testing/holding-event-log.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { describeEventLog } from "./event-log.contract.ts";

describeEventLog("sqlite", openTestLog);
describeEventLog("sqlite behind a network that holds nothing", async () => createHoldingEventLog(await openTestLog()));
