import { AuthService, type Session } from "#gen/parley/auth/v1/auth_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { patiently } from "./patience.ts";
import { bearer, type Ways } from "./ways.ts";

/** A signed-in device. */
export interface Device {
  readonly userId: string;
  readonly handle: string;
  readonly deviceId: string;
  /** The access token; good for an hour. */
  token: string;
  refreshToken: string;
}

/** Somebody who writes on one device and reads on others. */
export interface Person {
  readonly userId: string;
  readonly handle: string;
  readonly writer: Device;
  /** Has a stream that stays open. */
  readonly staying: Device;
  /** Comes back again and again. */
  readonly returning: Device;
}

const password = "correct horse battery staple";
const callMs = 15_000;

export async function foundTown(ways: Ways, size: number): Promise<Person[]> {
  const people: Person[] = [];
  for (let n = 0; n < size; n++) people.push(await register(ways, `chaos_${n}`));
  return people;
}

async function register(ways: Ways, handle: string): Promise<Person> {
  const device = { id: crypto.randomUUID(), name: "writer" };
  const request = { clientId: uuidv7(), handle, password, device };
  const { session } = await patiently((way) => ways.client(AuthService, way).register(request, { timeoutMs: callMs }));
  const writer = deviceOf(session, handle, device.id);
  return {
    userId: writer.userId,
    handle,
    writer,
    staying: await logIn(ways, handle),
    returning: await logIn(ways, handle),
  };
}

export async function logIn(ways: Ways, handle: string): Promise<Device> {
  const device = { id: crypto.randomUUID(), name: "reader" };
  const identifier = { kind: { case: "handle", value: handle } } as const;
  const request = { clientId: uuidv7(), identifier, password, device };
  const { session } = await patiently((way) => ways.client(AuthService, way).logIn(request, { timeoutMs: callMs }));
  return deviceOf(session, handle, device.id);
}

export async function logOut(ways: Ways, way: number, device: Device): Promise<void> {
  await ways.client(AuthService, way).logOut({ clientId: uuidv7() }, bearer(device.token, { timeoutMs: callMs }));
}

/** New access tokens for all. */
export async function refreshAll(ways: Ways, people: readonly Person[]): Promise<void> {
  const devices = people.flatMap(({ writer, staying, returning }) => [writer, staying, returning]);
  await Promise.all(devices.map((device) => refresh(ways, device)));
}

async function refresh(ways: Ways, device: Device): Promise<void> {
  const request = { clientId: uuidv7(), refreshToken: device.refreshToken };
  const { session } = await patiently((way) =>
    ways.client(AuthService, way).refreshSession(request, { timeoutMs: callMs }),
  );
  device.token = session?.accessToken ?? "";
  device.refreshToken = session?.refreshToken ?? "";
}

function deviceOf(session: Session | undefined, handle: string, deviceId: string): Device {
  if (!session) throw new Error("no session came");
  const { userId, accessToken: token, refreshToken } = session;
  return { userId, handle, deviceId, token, refreshToken };
}
