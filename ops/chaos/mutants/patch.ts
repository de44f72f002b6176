/** A change of one place of the program's text. */
export interface Patch {
  /** Path from the checkout. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export class PatchFailed extends Error {
  override readonly name = "PatchFailed";
}

export function applyPatches(source: string, patches: readonly Patch[]): string {
  let patched = source;
  for (const { file, find, replace } of patches) {
    const times = patched.split(find).length - 1;
    if (times !== 1) throw new PatchFailed(`${file} holds ${times} times what a patch replaces: ${find}`);
    patched = patched.replace(find, () => replace);
  }
  return patched;
}
