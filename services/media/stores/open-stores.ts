import type { Boot } from "#platform/runtime/module.ts";
import type { MediaStore } from "./media-store.ts";
import { createCqlMediaStore } from "./media-store-cql.ts";
import { createSqliteMediaStore } from "./media-store-sqlite.ts";
import type { UploadStore } from "./upload-store.ts";
import { createCqlUploadStore } from "./upload-store-cql.ts";
import { createSqliteUploadStore } from "./upload-store-sqlite.ts";

export interface MediaStores {
  readonly uploads: UploadStore;
  readonly media: MediaStore;
}

export function openMediaStores(store: Boot["store"]): MediaStores {
  if (store.kind === "sqlite") {
    return { uploads: createSqliteUploadStore(store.db), media: createSqliteMediaStore(store.db) };
  }
  return { uploads: createCqlUploadStore(store.session), media: createCqlMediaStore(store.session) };
}
