import type { Logger } from "pino";
import type { CodeSender } from "./code-sender.ts";

/**
 * For development: the code goes into the server's log, where whoever runs the server reads it. Warns each time, since
 * in production nobody would get their code, and whoever reads the log could confirm any contact.
 */
export function createLogCodeSender(logger: Logger): CodeSender {
  return {
    async send(address, code) {
      logger.warn({ address, code }, "no sender of codes is configured: the code is only in this log");
    },
  };
}
