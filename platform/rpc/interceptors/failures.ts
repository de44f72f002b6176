import type { Interceptor } from "@connectrpc/connect";
import type { Logger } from "pino";
import { watchEnd } from "../stream-watching.ts";
import { typedFailure } from "../typed-failure.ts";

/** Outermost: every failure leaves with a typed detail, and defects stay in the log under an id. */
export function interceptFailures(logger: Logger): Interceptor {
  return (next) => async (request) => {
    const method = `${request.service.typeName}/${request.method.name}`;
    const failure = (error: unknown) =>
      typedFailure(error, (defect, id) => logger.error({ method, id, err: defect }, "call failed by a defect"));
    try {
      const response = await next(request);
      if (!response.stream) return response;
      const message = watchEnd(response.message, (error) => (error === undefined ? undefined : failure(error)));
      return { ...response, message };
    } catch (error) {
      throw failure(error);
    }
  };
}
