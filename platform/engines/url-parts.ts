/** What a part of a URL stands for; throws what `malformed` makes where it is not percent-encoded. */
export function decodePart(text: string, malformed: () => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed();
  }
}
