import type { Config } from "#platform/runtime/config.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { exportFiles } from "./export-files.ts";
import type { ExportPass } from "./export-pass.ts";
import { exportRecords } from "./export-records.ts";
import { exportRows } from "./export-rows.ts";
import { type Image, openImage } from "./image.ts";
import type { Progress } from "./progress.ts";
import { openSource, type Source } from "./source.ts";

export interface ExportOptions {
  /** Settings of the server whose data it is. */
  readonly config: Config;
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Exported {
  readonly installationId: string;
  /** The server stood still: nothing is missing. */
  readonly complete: boolean;
  /** What has changed since the export before. */
  readonly rows: number;
  readonly records: number;
  readonly files: number;
}

/**
 * Brings the image in `folder` up to date with an installation in files, whose server may go on meanwhile; the first time
 * all is copied, later what has changed. One that was cut off is repeated, and finds what it had copied.
 */
export async function exportInstallation({ config, folder, progress, signal }: ExportOptions): Promise<Exported> {
  const source = openSource(config);
  try {
    const lock = takeDataLock(folder);
    const image = openImage(folder, { create: true });
    try {
      const { installationId, incarnation, shards } = source;
      const before = image.read();
      refuseOther(source, image);
      const generation = before && !before.ended ? before.generation : (before?.generation ?? 0) + 1;
      const pass: ExportPass = { source, image, generation, progress, signal };
      image.write({ installationId, incarnation, shards, generation, ended: false, complete: false });
      const rows = await exportRows(pass);
      const records = await exportRecords(pass);
      const files = await exportFiles(pass, config);
      image.write({ installationId, incarnation, shards, generation, ended: true, complete: source.stands });
      return { installationId, complete: source.stands, rows, records, files };
    } finally {
      image.close();
      lock.release();
    }
  } finally {
    source.close();
  }
}

function refuseOther({ installationId, incarnation }: Source, image: Image): void {
  const before = image.read();
  if (!before || (before.installationId === installationId && before.incarnation === incarnation)) return;
  throw new StartError(
    `${image.folder} holds incarnation ${before.incarnation} of installation ${before.installationId}, and this is ` +
      `incarnation ${incarnation} of ${installationId}: export it to a new folder.`,
  );
}
