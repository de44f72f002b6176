import { ConfigError } from "./config-error.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** A setting that is a whole number; absent or empty, it is `fallback`. */
export function readNumber(env: Env, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}
