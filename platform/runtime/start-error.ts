/** The server can't start with the data or the machine it found. The message is a sentence for the operator. */
export class StartError extends Error {
  override readonly name = "StartError";
}
