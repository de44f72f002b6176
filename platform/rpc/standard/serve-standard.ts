import type { DescService } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { file_parley_auth_v1_errors } from "#gen/parley/auth/v1/errors_pb.js";
import { file_parley_chat_v1_errors } from "#gen/parley/chat/v1/errors_pb.js";
import { file_parley_errors_v1_errors } from "#gen/parley/errors/v1/errors_pb.js";
import { file_parley_media_v1_errors } from "#gen/parley/media/v1/errors_pb.js";
import { file_parley_presence_v1_errors } from "#gen/parley/presence/v1/errors_pb.js";
import { file_parley_user_v1_errors } from "#gen/parley/user/v1/errors_pb.js";
import { clientAddressKey } from "../identity.ts";
import type { Served } from "../served.ts";
import { healthService } from "./health.ts";
import { limitOpen } from "./open-streams.ts";
import { reflectionService } from "./reflection.ts";

/** What failures carry. No service imports these files, but tools ask for them to show a failure. */
const failureFiles = [
  file_parley_auth_v1_errors,
  file_parley_chat_v1_errors,
  file_parley_errors_v1_errors,
  file_parley_media_v1_errors,
  file_parley_presence_v1_errors,
  file_parley_user_v1_errors,
];

/**
 * Adds what every gRPC server is expected to answer: health, and reflection in both versions that tools speak. Services
 * that run `elsewhere` are reached here, too.
 */
export function serveStandard(
  served: Served,
  notReady: () => string[],
  stopping: AbortSignal,
  elsewhere: readonly DescService[] = [],
): void {
  const services = () => [...served.services, ...elsewhere];
  const contract = () => ({ services: services(), otherFiles: failureFiles });
  const hasService = (name: string) => services().some(({ typeName }) => typeName === name);
  const limited = limitOpen();
  const health = healthService({ notReady, hasService, stopping });
  const reflection = reflectionService(contract);
  served.add(Health, {
    ...health,
    watch: (request, context) => limited(health.watch(request, context), addressIn(context)),
  });
  served.add(ServerReflection, {
    serverReflectionInfo: (asked, context) => limited(reflection.serverReflectionInfo(asked), addressIn(context)),
  });
  served.add(ServerReflectionAlpha, {
    serverReflectionInfo: (asked, context) => limited(reflection.serverReflectionInfo(asked), addressIn(context)),
  });
}

function addressIn({ values }: HandlerContext): string {
  return values.get(clientAddressKey);
}
