/** What the client adds in Node: HTTP/2, and storage in a file that survives the process. */
export * from "../index.ts";
export { openFileStorage } from "./storage-file.ts";
export { connectByHttp2 } from "./transport-http2.ts";
