import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("credentials never reach a line, at the top or in what is logged with them", () => {
  let written = "";
  const logger = createLogger("info", { write: (line) => (written += line) });
  const secret = "brain the size of a planet";
  for (const name of ["authorization", "password", "token", "accessToken", "refreshToken"]) {
    logger.info({ [name]: secret, request: { [name]: secret } }, "call");
  }
  expect(written).toContain("[redacted]");
  expect(written).not.toContain(secret);
});
