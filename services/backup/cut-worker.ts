/** The thread that cuts and verifies a copy: reading a whole log would hold the event loop up. */
import { workerData } from "node:worker_threads";
import { cutAndVerify } from "./log-cut.ts";

export interface CutData {
  readonly storePath: string;
  readonly logPath: string;
}

const { storePath, logPath } = workerData as CutData;
cutAndVerify(storePath, logPath);
