import { createRegistry, type DescExtension, type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The contract as descriptors: the files that declare the served services and all that these import. */
export interface DescribedFiles {
  /** The file and those it imports, encoded, itself first; undefined where there is none. */
  named(fileName: string): Uint8Array[] | undefined;
  /** The same for the file that declares a message, enum, extension, service, method, field or value. */
  declaring(symbol: string): Uint8Array[] | undefined;
  extending(message: string, number: number): Uint8Array[] | undefined;
  /** Numbers of the extensions of a message, or undefined where there is no such message. */
  extensionNumbers(message: string): number[] | undefined;
}

/** What a server serves, and what else of the contract its answers hold. */
export interface Contract {
  readonly services: readonly DescService[];
  readonly otherFiles: readonly DescFile[];
}

export function describeFiles({ services, otherFiles }: Contract): DescribedFiles {
  const files = new Map<string, DescFile>();
  for (const file of [...services.map((service) => service.file), ...otherFiles]) addWithImports(file, files);
  const registry = createRegistry(...files.values());
  const withImports = (file: DescFile | undefined) => file && [...addWithImports(file, new Map()).values()].map(encode);
  const extensionsOf = (message: string): DescExtension[] =>
    [...registry].filter((desc) => desc.kind === "extension").filter(({ extendee }) => extendee.typeName === message);
  const declaringFile = (symbol: string): DescFile | undefined =>
    registry.get(symbol)?.file ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf("."))))?.file;
  return {
    named: (fileName) => withImports(files.get(fileName)),
    declaring: (symbol) => withImports(declaringFile(symbol)),
    extending: (message, number) =>
      withImports(extensionsOf(message).find((extension) => extension.number === number)?.file),
    extensionNumbers: (message) => registry.getMessage(message) && extensionsOf(message).map(({ number }) => number),
  };
}

function addWithImports(file: DescFile, files: Map<string, DescFile>): Map<string, DescFile> {
  if (files.has(file.proto.name)) return files;
  files.set(file.proto.name, file);
  for (const dependency of file.dependencies) addWithImports(dependency, files);
  return files;
}

const encoded = new WeakMap<DescFile, Uint8Array>();

/** Once a file: anybody may ask, and the files of one answer take some milliseconds. */
function encode(file: DescFile): Uint8Array {
  const bytes = encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
  encoded.set(file, bytes);
  return bytes;
}
