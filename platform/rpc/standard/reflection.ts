import type { DescService, MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { ServerReflectionResponseSchema } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { type Contract, type DescribedFiles, describeFiles } from "./described-files.ts";

/** A question, in either version of the protocol: they differ in nothing but their names. */
interface Question {
  readonly host: string;
  readonly messageRequest:
    | {
        case: "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType" | "listServices";
        value: string;
      }
    | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } }
    | { case: undefined; value?: undefined };
}
type Answer = MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"];

/** Standard reflection, for tools that call a server without having its contract. */
export function reflectionService(contract: () => Contract) {
  return {
    async *serverReflectionInfo<Request extends Question>(questions: AsyncIterable<Request>) {
      const files = describeFiles(contract());
      for await (const originalRequest of questions) {
        const messageResponse = answer(originalRequest.messageRequest, files, contract().services) ?? noSuchThing;
        yield { validHost: originalRequest.host, originalRequest, messageResponse };
      }
    },
  };
}

const noSuchThing = {
  case: "errorResponse",
  value: { errorCode: Code.NotFound, errorMessage: "not in this server's contract" },
} satisfies Answer;

function answer(question: Question["messageRequest"], files: DescribedFiles, services: readonly DescService[]) {
  switch (question.case) {
    case "listServices":
      return listed(services);
    case "fileByFilename":
      return described(files.named(question.value));
    case "fileContainingSymbol":
      return described(files.declaring(question.value));
    case "fileContainingExtension":
      return described(files.extending(question.value.containingType, question.value.extensionNumber));
    case "allExtensionNumbersOfType":
      return numbered(question.value, files.extensionNumbers(question.value));
    default:
      return undefined;
  }
}

function listed(services: readonly DescService[]) {
  const service = services.map(({ typeName }) => ({ name: typeName }));
  return { case: "listServicesResponse", value: { service } } satisfies Answer;
}

function described(fileDescriptorProto: Uint8Array[] | undefined) {
  return fileDescriptorProto && ({ case: "fileDescriptorResponse", value: { fileDescriptorProto } } satisfies Answer);
}

function numbered(baseTypeName: string, extensionNumber: number[] | undefined) {
  if (!extensionNumber) return undefined;
  return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } } satisfies Answer;
}
