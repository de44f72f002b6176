import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  createServiceImplSpec,
  type MethodImplSpec,
  type ServiceImpl,
  type ServiceImplSpec,
} from "@connectrpc/connect";

/** The services that this process implements: the port and the peers in process both answer from here. */
export interface Served {
  /** A method without implementation answers UNKNOWN_METHOD. */
  add<Service extends DescService>(service: Service, implementation: Partial<ServiceImpl<Service>>): void;
  readonly services: readonly DescService[];
  /** The implementation of a method, or undefined where the process has none. */
  find(method: DescMethod): MethodImplSpec | undefined;
  /** The implementations of all methods; what is not implemented answers so. */
  methods(): MethodImplSpec[];
}

export function createServed(): Served {
  const specs = new Map<string, ServiceImplSpec>();
  return {
    add(service, implementation) {
      if (specs.has(service.typeName)) throw new Error(`${service.typeName} is served twice`);
      specs.set(service.typeName, createServiceImplSpec(service, implementation));
    },
    get services() {
      return [...specs.values()].map((spec) => spec.service);
    },
    find: (method) => specs.get(method.parent.typeName)?.methods[method.localName],
    methods: () => [...specs.values()].flatMap(({ methods }) => Object.values(methods)),
  };
}
