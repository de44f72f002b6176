import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { Leases } from "#platform/fleet/leases.ts";
import type { Process } from "#platform/fleet/processes.ts";

/**
 * How the owner of what a request names is found: the process that holds the lease on it. It is a hint for who to call;
 * whoever is called and is not the owner passes the call on.
 */
export interface OwnedBy {
  /** The string of the request that names it. */
  readonly field: DescField;
  /** Group of the leases. */
  readonly group: string;
  /** Key of the lease; undefined where the text names nothing. */
  keyOf(name: string): number | undefined;
}

/** Methods whose requests name something that has an owner. */
export type OwnedMethods = ReadonlyMap<DescMethod, OwnedBy>;

/** The owner of what is named, as far as is known here. */
export function ownerOf(
  owned: OwnedBy | undefined,
  name: string | undefined,
  leases: Pick<Leases, "holderOf">,
): Process | undefined {
  if (!owned || name === undefined) return undefined;
  const key = owned.keyOf(name);
  return key === undefined ? undefined : leases.holderOf(owned.group, key);
}
