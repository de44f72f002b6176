import type { ServerProcess } from "../scenarios/server-process.ts";

/** Settings under which a process can be looked into from outside. */
export const inspectable = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const;

/** Looks into a process without any door of the product: through Node's own inspector. */
export interface Inspector {
  /** What an expression gives there, as JSON. */
  evaluate(expression: string): Promise<string>;
  /** Collects garbage until little more is found. */
  collectGarbage(): Promise<void>;
  /** Collects garbage and counts the objects that have the prototype. */
  countObjects(prototype: string): Promise<number>;
  close(): void;
}

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly result?: RemoteObject;
    readonly objects?: RemoteObject;
    readonly exceptionDetails?: { readonly text: string };
  };
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

/** Attaches to a process that was started `inspectable`. */
export async function openInspector(server: Pick<ServerProcess, "output">): Promise<Inspector> {
  const address = /Debugger listening on (ws:\S+)/.exec(server.output())?.[1];
  if (!address) throw new Error("the process can't be inspected");
  const ask = await openDialogue(address);
  const remote = (expression: string) => ask.send("Runtime.evaluate", { expression });
  return {
    async evaluate(expression) {
      const { result, exceptionDetails } = await remote(`JSON.stringify(${expression})`);
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
      return String(result?.value);
    },
    async collectGarbage() {
      // What the first ones finalize, the later ones collect.
      for (let n = 0; n < 3; n++) await ask.send("HeapProfiler.collectGarbage");
    },
    async countObjects(prototype) {
      const prototypeObjectId = (await remote(prototype)).result?.objectId;
      const { objects } = await ask.send("Runtime.queryObjects", { prototypeObjectId, objectGroup: "counted" });
      const counted = await ask.send("Runtime.callFunctionOn", {
        objectId: objects?.objectId,
        functionDeclaration: "function () { return this.length; }",
      });
      await ask.send("Runtime.releaseObjectGroup", { objectGroup: "counted" });
      return Number(counted.result?.value);
    },
    close: ask.close,
  };
}

interface Dialogue {
  send(method: string, params?: object): Promise<NonNullable<Answer["result"]>>;
  close(): void;
}

async function openDialogue(address: string): Promise<Dialogue> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (answer: Answer) => void>();
  let ids = 0;
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), { once: true });
  });
  socket.addEventListener("message", ({ data }) => {
    const answer: Answer = JSON.parse(String(data));
    const settle = waiting.get(answer.id ?? 0);
    waiting.delete(answer.id ?? 0);
    settle?.(answer);
  });
  socket.addEventListener("close", () => {
    for (const settle of waiting.values()) settle({ error: { message: "the inspected process is gone" } });
  });
  return {
    async send(method, params = {}) {
      const id = ++ids;
      const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params }));
      const { error, result = {} } = await answered;
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    close: () => socket.close(),
  };
}
