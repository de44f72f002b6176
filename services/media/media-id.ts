declare const brand: unique symbol;

/** UUID of a file, in lower case. An upload has the id of the file that it becomes. */
export type MediaId = string & { readonly [brand]: "MediaId" };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws where the text is not a UUID, so that an id can be part of a path. */
export function mediaId(text: string): MediaId {
  const id = text.toLowerCase();
  if (!uuid.test(id)) throw new TypeError("not a UUID");
  return id as MediaId;
}
