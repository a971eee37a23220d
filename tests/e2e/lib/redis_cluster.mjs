// A private Redis Cluster of three masters; for a World it stands where a Redis does.
import { createCluster } from "redis";
import { freePort } from "./machine.mjs";
import { Redis } from "./redis.mjs";
import { eventually } from "./wait.mjs";

const SLOTS = 16384;

export class RedisCluster {
  /** `durable`, `options`: of each node, as Redis.start takes them. */
  static async start(count = 3, { durable = false, options = [] } = {}) {
    const cluster = new RedisCluster();
    cluster.nodes = [];
    for (let i = 0; i < count; i += 1) {
      const bus = await freePort();
      const node = await Redis.start({
        durable, options: ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", String(bus), ...options],
      });
      // What it knows of the node with this id: a line of CLUSTER NODES.
      const seen = async (id) => {
        const lines = (await node.admin.sendCommand(["CLUSTER", "NODES"])).split("\n");
        const fields = lines.find((line) => line.startsWith(id)).split(" ");
        const ranges = fields.slice(8).filter((text) => /^\d/.test(text)).map((text) => text.split("-").map(Number));
        return { epoch: fields[6], ranges: ranges.map(([from, to = from]) => [from, to]) };
      };
      cluster.nodes.push(Object.assign(node, { bus, seen }));
    }
    const first = (i) => Math.floor((i * SLOTS) / count);
    for (const [i, node] of cluster.nodes.entries()) {
      await node.admin.sendCommand(["CLUSTER", "ADDSLOTSRANGE", String(first(i)), String(first(i + 1) - 1)]);
      await node.admin.sendCommand(["CLUSTER", "SET-CONFIG-EPOCH", String(i + 1)]);
      if (i > 0) await cluster.nodes[0].admin.sendCommand(["CLUSTER", "MEET", "127.0.0.1", String(node.port), String(node.bus)]);
    }
    await cluster.whole();
    cluster.url = cluster.nodes.map((node) => node.url).join(",");
    cluster.process = { stop: () => Promise.all(cluster.nodes.map((node) => node.process.stop())) };
    return cluster;
  }

  /** Until every node knows all others, and who has which slot. */
  async whole() {
    for (const node of this.nodes) {
      await eventually(async () => {
        const info = await node.admin.sendCommand(["CLUSTER", "INFO"]);
        return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${this.nodes.length}`)
          && info.includes(`cluster_slots_ok:${SLOTS}`);
      }, "the Redis Cluster is whole");
    }
  }

  async connect() {
    const client = createCluster({ rootNodes: this.nodes.map((node) => ({ url: node.url })) });
    client.on("error", () => {}); // told by the command that fails
    await client.connect();
    return client;
  }

  /** The node that has the slot of `key` now, by its place in `nodes`. */
  async ownerOf(key) {
    const slot = await this.nodes[0].admin.sendCommand(["CLUSTER", "KEYSLOT", key]);
    const ranges = await this.nodes[0].admin.sendCommand(["CLUSTER", "SLOTS"]);
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    return this.nodes.findIndex((node) => node.port === range[2][1]);
  }

  /** Gives the slot of `key`, and all keys in it, to node `to`. */
  async move(key, to) {
    const from = await this.ownerOf(key);
    const [source, target] = [this.nodes[from], this.nodes[to]];
    const slot = String(await source.admin.sendCommand(["CLUSTER", "KEYSLOT", key]));
    const [sourceId, targetId] = await Promise.all([source, target].map((node) => node.admin.sendCommand(["CLUSTER", "MYID"])));
    await target.admin.sendCommand(["CLUSTER", "SETSLOT", slot, "IMPORTING", sourceId]);
    await source.admin.sendCommand(["CLUSTER", "SETSLOT", slot, "MIGRATING", targetId]);
    for (;;) {
      const keys = await source.admin.sendCommand(["CLUSTER", "GETKEYSINSLOT", slot, "100"]);
      if (keys.length === 0) break;
      await source.admin.sendCommand(["MIGRATE", "127.0.0.1", String(target.port), "", "0", "5000", "KEYS", ...keys]);
    }
    for (const node of [target, source, ...this.nodes.filter((one) => one !== source && one !== target)]) {
      await node.admin.sendCommand(["CLUSTER", "SETSLOT", slot, "NODE", targetId]);
    }
    // What nodes have said before may still be on its way, and a next move would meet it.
    const { epoch } = await target.seen(targetId);
    for (const node of this.nodes) {
      await eventually(async () => {
        const view = await node.seen(targetId);
        return view.epoch === epoch && view.ranges.some(([from, to]) => from <= Number(slot) && Number(slot) <= to);
      }, "the nodes agree on the slot's owner");
    }
  }
}
