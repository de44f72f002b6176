/** A setting that the server can't start with. The message is a sentence for the operator. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
