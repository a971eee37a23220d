// A benchmark that finds nothing missed proves nothing unless it finds what is: bench_load against a server that makes mistakes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { privateDirectory } from "../e2e/lib/machine.mjs";
import { Redis } from "../e2e/lib/redis.mjs";
import { FakeServer, numbersOf } from "./fake_server.mjs";
import { faultsOf, median } from "./figures.mjs";
import { load } from "./load.mjs";
import { memberships, writeClients } from "./population.mjs";
import { judged } from "./smoke.mjs";
import { interleaved } from "./runs.mjs";

let redis;
before(async () => {
  redis = await Redis.start();
});
after(() => redis.stop());

const CLIENTS = [["a", [0, 1]], ["b", [0]], ["c", [1, 2]], ["d", [2]]];
const MESSAGES = 60; // 20 to each room, of two members each
const PHASE = { name: "some", rate: 200, seconds: MESSAGES / 200 };

/** Runs bench_load against a fake server; returns what it printed, and the server. `patience`: seconds it waits for what does not come. */
async function run({ options = [], phases = [PHASE], where, patience = 10, ...fake } = {}) {
  const server = await FakeServer.start(redis, { where, ...fake });
  try {
    const target = where ? `unix:${where}` : `127.0.0.1:${server.port}`;
    const clients = writeClients(CLIENTS);
    const result = await load(
      { target, pid: process.pid }, { redis, clients, phases, options: ["--rooms-header", "--patience", String(patience), ...options] },
    );
    return { ...result, server };
  } finally {
    await server.stop();
  }
}

/** Calls `mistake` instead of sending when client "a" is to get one of `numbers` in room 0. */
const wrongly = (numbers, mistake) => (send, message, client) => {
  const { room, number } = numbersOf(message);
  if (client.name === "a" && room === 0 && numbers.includes(number)) mistake(send, message, client);
  else send(message);
};

const found = ({ phases: { some } }) => {
  const { deliveries, missed, doubled, reordered, lost } = some;
  return { deliveries, missed, doubled, reordered, lost };
};
const SOUND = { deliveries: 2 * MESSAGES, missed: 0, doubled: 0, reordered: 0, lost: 0 };

// Every case has channels of the same names: one Redis, one after the other.
describe("bench_load", () => {
  test("finds nothing wrong with an honest server, and answers its pings", async () => {
    const result = await run();
    assert.deepEqual(found(result), SOUND);
    assert.equal(result.connected.clients, CLIENTS.length);
    assert.equal(result.phases.some.messages, MESSAGES);
    assert.equal(faultsOf(result), 0);
    assert.equal(result.server.pongs, CLIENTS.length);
  });

  test("comes by an AF_UNIX socket", async () => {
    assert.deepEqual(found(await run({ where: join(privateDirectory("bench"), "socket") })), SOUND);
  });

  test("counts messages that do not come, the last of a room too", async () => {
    const result = await run({ deliver: wrongly([7, 20], () => {}), patience: 3 });
    assert.deepEqual(found(result), { ...SOUND, deliveries: 2 * MESSAGES - 2, missed: 2 });
    assert.equal(faultsOf(result), 2);
  });

  test("counts a message that comes twice, at once or later", async () => {
    let kept;
    const deliver = wrongly([3, 8], (send, message) => {
      send(message);
      if (numbersOf(message).number === 3) {
        kept = message;
        send(message);
      } else {
        send(kept);
      }
    });
    const result = await run({ deliver });
    assert.deepEqual(found(result), { ...SOUND, doubled: 2 });
    assert.equal(faultsOf(result), 2);
  });

  test("counts a message that comes behind a later one, as neither missed nor doubled", async () => {
    let kept;
    const deliver = wrongly([5, 6], (send, message) => {
      if (numbersOf(message).number === 5) {
        kept = message;
        return;
      }
      send(message);
      send(kept);
    });
    const result = await run({ deliver });
    assert.deepEqual(found(result), { ...SOUND, reordered: 1 });
    assert.equal(faultsOf(result), 1);
  });

  test("counts a connection that is lost, and what it misses", async () => {
    const result = await run({ deliver: wrongly([20], (_, __, { socket }) => socket.terminate()), patience: 1 });
    assert.equal(result.phases.some.lost, 1);
    assert.ok(result.phases.some.missed >= 1);
  });

  test("counts a client that gets another room's message as lost", async () => {
    const deliver = wrongly([20], (send, message) => send({ ...message, content: message.content.replace(/^0/, "2") }));
    assert.equal((await run({ deliver, patience: 1 })).phases.some.lost, 1);
  });

  test("fails when a handshake is refused", async () => {
    await assert.rejects(run({ refuse: true }), /bench_load ended with 1: [^]*401 Unauthorized/);
  });

  test("keeps a server busy, with rooms that nobody is in as well", async () => {
    const { phases: { busy } } = await run({
      phases: [{ name: "busy", rate: "saturated", seconds: 0.3 }], options: ["--rooms", "6", "--window", "50:1000"],
    });
    assert.ok(busy.messages > 50, `${busy.messages} messages`);
    // Half of the six rooms have two members each; the last turn may be incomplete.
    assert.ok(Math.abs(busy.deliveries - busy.messages) <= 6, `${busy.deliveries} of ${busy.messages}`);
    assert.deepEqual([busy.missed, busy.doubled, busy.reordered, busy.lost], [0, 0, 0, 0]);
    assert.ok(busy.server_percent > 0 && busy.load_percent > 0 && busy.wanted_percent > 0 && busy.beside_percent > 0 && busy.machine_percent > 0);
  });

  test("posts messages to an admin listener", async () => {
    const server = await FakeServer.start(redis);
    try {
      const clients = writeClients([["a", [0]], ["b", [0]]]);
      const options = ["--rooms-header", "--http", String(server.port), "--first-room", "lobby"];
      const result = await load({ target: `127.0.0.1:${server.port}`, pid: process.pid }, { redis, clients, phases: [PHASE], options });
      assert.deepEqual(found(result), SOUND);
    } finally {
      await server.stop();
    }
  });
});

describe("the driver", () => {
  test("puts as many members into every room as asked for, and as many rooms as fair upon every client", () => {
    for (const shape of [{ rooms: 30, members: 20, clients: 30 }, { rooms: 7, members: 3, clients: 3 }, { rooms: 100, members: 2, clients: 9 }]) {
      const lists = memberships(shape);
      const rooms = lists.flat();
      for (let room = 0; room < shape.rooms; room += 1) assert.equal(rooms.filter((one) => one === room).length, shape.members);
      for (const list of lists) assert.equal(new Set(list).size, list.length);
      const sizes = lists.map((list) => list.length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 2, `${sizes}`);
    }
    assert.throws(() => memberships({ rooms: 1, members: 3, clients: 2 }));
  });

  test("begins every round with another server", async () => {
    const order = [];
    await interleaved(["a", "b", "c"], { rounds: 3, seconds: 60, say() {} }, (item) => order.push(item));
    assert.equal(order.join(""), "abcbcacab");
  });

  test("measures once when there is no time for more", async () => {
    const order = [];
    await interleaved(["a", "b"], { rounds: 3, seconds: -1, say() {} }, (item) => order.push(item));
    assert.equal(order.join(""), "ab");
  });

  test("takes medians", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([9, 7]), 7);
  });

  test("is not content with ratios over the limit, nor with none", () => {
    const row = (server, more) => ({ server, shape: "1x1000", ...more });
    const fanout = (toNode, timesNode) => [row("gateway", { toNode, timesNode }), row("node", { toNode: 1, timesNode: 1 })];
    const failed = (...args) => judged(...args).filter(({ ok }) => !ok).length;
    const handshake = [row("gateway", { toNode: 0.1, rss: 3 })];
    assert.equal(failed(fanout(0.4, 5), handshake), 0);
    assert.equal(failed(fanout(0.9, 5), handshake), 1);
    assert.equal(failed(fanout(0.4, 1.5), handshake), 1);
    assert.equal(failed(fanout(0.4, 5), [row("gateway", { toNode: 0.6, rss: 7 })]), 2);
    assert.equal(failed([row("node", {})], []), 4);
  });
});
