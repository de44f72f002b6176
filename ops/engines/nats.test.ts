import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";
import type { Engine } from "./engine.ts";

async function connectTo({ url }: Engine): Promise<NatsConnection> {
  const connection = await connect({ servers: url.replace("nats://", "").split(",") });
  onTestFinished(() => connection.close());
  return connection;
}

describeOnOwnEngines("NATS for tests", ["nats", "nats-cluster"], (start) => {
  test("acknowledges after fsync and says so at its monitor", async () => {
    const engine = await start("nats");
    const varz = await (await fetch(`${engine.monitors[0]}/varz`)).json();
    expect(varz).toMatchObject({ jetstream: { config: { sync_always: true } } });
  });

  test("acknowledges before fsync where asked to", async () => {
    const engine = await start("nats", { syncAlways: false });
    const varz = await (await fetch(`${engine.monitors[0]}/varz`)).json();
    expect(varz).not.toMatchObject({ jetstream: { config: { sync_always: true } } });
  });

  test("keeps streams over a kill and a restart at the same address", async () => {
    const engine = await start("nats");
    const connection = await connectTo(engine);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "kept", subjects: ["kept"] });
    await jetstream(connection).publish("kept", "one");

    const [node] = engine.nodes;
    const before = node?.pid;
    await node?.kill();
    expect(node?.pid).toBeUndefined();
    await node?.restart();
    await engine.ready();
    expect(node?.pid).not.toBe(before);
    const again = await connectTo(engine);
    const { state } = await (await jetstreamManager(again)).streams.info("kept");
    expect(state.messages).toBe(1);
  });

  test("a cluster replicates at once, and with one server paused or gone", async () => {
    const engine = await start("nats-cluster");
    const connection = await connectTo(engine);
    const manager = await jetstreamManager(connection);
    const { cluster } = await manager.streams.add({ name: "three", subjects: ["three"], num_replicas: 3 });
    const others = engine.nodes.filter(({ name }) => name !== cluster?.leader && name !== connection.info?.server_name);
    const [other] = others;

    other?.pause();
    expect(await jetstream(connection).publish("three", "one")).toMatchObject({ seq: 1 });
    other?.resume();
    await other?.kill();
    expect(await jetstream(connection).publish("three", "two")).toMatchObject({ seq: 2 });
    await other?.restart();
    expect(other?.pid).toBeGreaterThan(0);
  });
});
