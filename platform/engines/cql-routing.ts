import { type Client, type ExecutionOptions, type Host, type HostMap, policies } from "cassandra-driver";

type Planned = Parameters<policies.loadBalancing.LoadBalancingPolicy["newQueryPlan"]>[2];

/**
 * Nodes that hold the partition first. After the last node was away the driver makes what it knows of nodes anew, but goes
 * on naming replicas by what it knew before, to which nothing connects any more: each is taken as it is known now.
 */
export class ByToken extends policies.loadBalancing.TokenAwarePolicy {
  #hosts: HostMap | undefined;

  override init(client: Client, hosts: HostMap, callback: (error: Error) => void): void {
    this.#hosts = hosts;
    super.init(client, hosts, callback);
  }

  override newQueryPlan(keyspace: string, options: ExecutionOptions, callback: Planned): void {
    super.newQueryPlan(keyspace, options, (error, plan) => callback(error, plan && this.#asKnownNow(plan)));
  }

  *#asKnownNow(plan: Iterator<Host>): Generator<Host> {
    for (let step = plan.next(); !step.done; step = plan.next()) {
      const host = this.#hosts?.get(step.value.address);
      if (host) yield host;
    }
  }
}
