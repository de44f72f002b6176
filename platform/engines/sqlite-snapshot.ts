/** The thread that copies one SQLite file: reads one consistent state while writes go on elsewhere. */
import { DatabaseSync } from "node:sqlite";
import { workerData } from "node:worker_threads";

export interface SnapshotData {
  readonly path: string;
  readonly target: string;
}

const { path, target } = workerData as SnapshotData;
const db = new DatabaseSync(path, { readOnly: true });
db.exec("PRAGMA busy_timeout = 5000");
db.prepare("VACUUM INTO ?").run(target);
db.close();
