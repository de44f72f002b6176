import { type Logger, pino } from "pino";

/** Fields that never reach a log line, at the top and one level down. */
const secrets = ["authorization", "password", "token", "accessToken", "refreshToken"];

/** A logger of JSON lines on standard error; standard output belongs to the person who started the program. */
export function createLogger(level: string, destination: pino.DestinationStream = pino.destination(2)): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`]);
  return pino({ level, base: null, redact: { paths, censor: "[redacted]" } }, destination);
}
