import { Code, ConnectError } from "@connectrpc/connect";

/** What the client speaks: Connect's streams in protobuf. */
const subprotocol = "parley.connect+proto";

/** Opens a WebSocket to a method. Once `signal` aborts, it closes. */
export async function openSocket(url: string, signal: AbortSignal): Promise<WebSocket> {
  signal.throwIfAborted();
  const socket = new WebSocket(url.replace(/^http/, "ws"), subprotocol);
  socket.binaryType = "arraybuffer";
  const leave = () => socket.close();
  signal.addEventListener("abort", leave, { once: true });
  socket.addEventListener("close", () => signal.removeEventListener("abort", leave));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    // Browsers don't tell why; a server that refuses the address, the origin or the method looks like one that is away.
    socket.addEventListener("close", () => reject(new ConnectError("no WebSocket could be opened", Code.Unavailable)));
  });
  return socket;
}
