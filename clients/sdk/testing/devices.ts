import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openFileStorage } from "../node/storage-file.ts";
import { connectByHttp2 } from "../node/transport-http2.ts";
import { createParley, type Parley, type ParleyOptions } from "../parley.ts";

/** The password of everybody in tests. */
export const password = "correct horse battery";

/** A file for a device's storage, gone after the test. */
export function storagePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-device-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "client.db");
}

/** Opens the device that a file holds; closed after the test. */
export async function openDevice(url: string, path: string, options: Partial<ParleyOptions> = {}): Promise<Parley> {
  const storage = openFileStorage(path);
  const parley = await createParley({ url, storage, connect: connectByHttp2, ...options });
  onTestFinished(() => parley.close());
  return parley;
}

let people = 0;

/** A new person with a device of their own. */
export async function newPerson(
  url: string,
  options: Partial<ParleyOptions> = {},
): Promise<Parley & { handle: string }> {
  const handle = `person${++people}`;
  const parley = await openDevice(url, storagePath(), options);
  await parley.register({ handle, password });
  return Object.assign(Object.create(parley), { handle });
}
