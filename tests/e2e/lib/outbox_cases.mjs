// The cases of the outbox of config/postgres/outbox.sql: the same for every bus. Two gateways publish, one more does not.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { message } from "./backend.mjs";
import { Client, transportSettings } from "./client.mjs";
import { root } from "./gateway.mjs";
import { postJson } from "./http.mjs";
import { eventually } from "./wait.mjs";
import { World } from "./world.mjs";

const WRITERS = 8;

/** `rows`: how many the long test writes; `recovers`: clients of a gateway that is killed come back into their sessions. */
export function outboxCases({ kind, rows, recovers = false }) {
  let world;
  let gateways;
  const user = randomUUID();
  const bus = { bus: { kind, stream_length: 100_000 } };

  before(async () => {
    world = await World.start(bus, { redis: { durable: true } });
    await world.postgres.query("CREATE ROLE low LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO low");
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-v", "role=low", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);
    const settings = { ...bus, postgres: { url: world.postgres.url.replace("postgres@", "low@"), outbox: true } };
    gateways = [await world.addGateway(settings), await world.addGateway(settings)];
  });
  after(() => world?.stop());

  const insert = (chat, content, client = world.postgres) =>
    client.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [chat, user, content]);
  const insertText = (chat, content) => `INSERT INTO messages (chat_id, content) VALUES ('${chat}', '${content}');`;

  const connect = async (gateway, who = user, options = {}) =>
    new Client(gateway.url, { cookie: await world.backend.login(who), ...options }).connect();
  /** A client of that user on each gateway, by WebSocket and by polling. */
  const connectEverywhere = (who) =>
    Promise.all(gateways.flatMap((gateway) => [connect(gateway, who), connect(gateway, who, { transports: transportSettings.polling })]));
  const close = (...clients) => clients.forEach((client) => client.close());
  const receive = (clients, content) => Promise.all(clients.map((client) => client.receives(content)));

  test("an INSERT reaches the clients of every gateway once", async () => {
    const chat = await world.postgres.addChat(user);
    const clients = [await connect(gateways[0]), await connect(gateways[1])];
    const from = Date.now();
    await insert(chat, "it's \"here\" €");
    await insert(chat, "next");
    for (const client of clients) {
      await client.receives("next");
      assert.deepEqual(client.contents, ["it's \"here\" €", "next"]);
      const [{ message_id, timestamp, ...rest }] = client.messages;
      assert.deepEqual(rest, { chat_id: chat, author: user, content: "it's \"here\" €", type: "text" });
      assert.match(message_id, /^[0-9a-f-]{36}$/);
      assert.ok(timestamp >= from - 1 && timestamp <= Date.now(), `${timestamp}`);
    }
    close(...clients);
  });

  test("what is rolled back is never seen; what is large is", async () => {
    const chat = await world.postgres.addChat(user);
    const client = await connect(gateways[0]);
    await world.postgres.query(`BEGIN; INSERT INTO messages (chat_id, content) VALUES ('${chat}', 'never'); ROLLBACK`);
    await insert(chat, "€".repeat(21_846));
    await insert(chat, "end");
    await client.receives("end");
    assert.deepEqual(client.contents, ["€".repeat(21_846), "end"]);
    client.close();
  });

  test("equal messages of one transaction are several", async () => {
    const chat = await world.postgres.addChat(user);
    const client = await connect(gateways[0]);
    await world.postgres.query(`BEGIN; ${insertText(chat, "same").repeat(3)} ${insertText(chat, "end")} COMMIT`);
    await client.receives("end");
    assert.deepEqual(client.contents, ["same", "same", "same", "end"]);
    assert.equal(new Set(client.messages.map((m) => m.message_id)).size, 4);
    client.close();
  });

  test("a new participant gets the first message committed after the row, on every gateway", async () => {
    const ann = randomUUID();
    await world.postgres.addChat(ann);
    const clients = await connectEverywhere(ann);
    // Chats that nobody is in anywhere, so that no gateway listens to their rooms yet.
    const times = [];
    for (let i = 0; i < 5; i += 1) {
      const chat = await world.postgres.addChat(randomUUID());
      await world.postgres.addParticipant(chat, ann);
      const from = Date.now();
      await insert(chat, `first of ${chat}`);
      await receive(clients, `first of ${chat}`);
      times.push(Date.now() - from);
    }
    assert.ok(Math.min(...times) < 1000, `within a second: ${times}`);
    // Row and message in one transaction, published together.
    for (let i = 0; i < 5; i += 1) {
      const chat = await world.postgres.addChat(randomUUID());
      await world.postgres.query(`BEGIN;
        INSERT INTO chat_participants (chat_id, user_id) VALUES ('${chat}', '${ann}');
        ${insertText(chat, `one ${i}`)} ${insertText(chat, `two ${i}`)} COMMIT`);
      await receive(clients, `two ${i}`);
      for (const client of clients) assert.ok(client.contents.includes(`one ${i}`));
    }
    for (const client of clients) assert.equal(client.messages.length, 15);
    close(...clients);
  });

  test("who is no participant any more gets no message committed after that, on every gateway", async () => {
    const [ann, bob] = [randomUUID(), randomUUID()];
    const anns = await connectEverywhere(ann);
    const bobs = await connectEverywhere(bob);
    const own = await world.postgres.addChat(ann);
    for (let i = 0; i < 5; i += 1) {
      const chat = await world.postgres.addChat(ann, bob);
      await insert(chat, `both ${i}`);
      await receive([...anns, ...bobs], `both ${i}`);
      // The next message in a transaction of its own at first, and then in the same one: published together.
      const gone = `DELETE FROM chat_participants WHERE chat_id = '${chat}' AND user_id = '${ann}';`;
      if (i === 0) {
        await world.postgres.query(gone);
        await insert(chat, `bob alone ${i}`);
      } else {
        await world.postgres.query(`BEGIN; ${gone} ${insertText(chat, `bob alone ${i}`)} COMMIT`);
      }
      await insert(own, `ann alone ${i}`);
      await receive(bobs, `bob alone ${i}`);
      await receive(anns, `ann alone ${i}`);
    }
    const expected = Array.from({ length: 5 }, (_, i) => [`both ${i}`, `ann alone ${i}`]).flat();
    for (const client of anns) assert.deepEqual(client.contents, expected);
    for (const client of bobs) assert.deepEqual(client.contents, expected.map((content) => content.replace("ann", "bob")));
    close(...anns, ...bobs);
  });

  test("a chat that is deleted is left by everybody in it", async () => {
    const [ann, bob] = [randomUUID(), randomUUID()];
    const chat = await world.postgres.addChat(ann, bob);
    const other = await world.postgres.addChat(ann, bob);
    const clients = [...(await connectEverywhere(ann)), ...(await connectEverywhere(bob))];
    await insert(chat, "before");
    await receive(clients, "before");
    await world.postgres.query("DELETE FROM chats WHERE chat_id = $1", [chat]);
    await insert(other, "the rows are published");
    await receive(clients, "the rows are published");
    const post = (m) => postJson(`${gateways[0].adminUrl}/v1/messages`, m);
    assert.equal((await post(message(chat, "to nobody"))).status, 202);
    await post(message(other, "end"));
    await receive(clients, "end");
    for (const client of clients) assert.deepEqual(client.contents, ["before", "the rows are published", "end"]);
    close(...clients);
  });

  test("rows that are written while Redis is away wait for it, and arrive once and in order", { timeout: 120_000 }, async () => {
    const chat = await world.postgres.addChat(user);
    const clients = [await connect(gateways[0]), await connect(gateways[1])];
    await insert(chat, "0");
    await receive(clients, "0");
    for (let i = 1; i <= 200; i += 1) {
      if (i === 50) {
        // What Redis has taken and not sent yet dies with it, unless it is in a stream.
        if (kind !== "redis-streams") await receive(clients, String(i - 1));
        await world.redis.kill();
      }
      if (i === 150) await world.redis.resume();
      await insert(chat, String(i));
    }
    await receive(clients, "200");
    for (const client of clients) {
      assert.deepEqual(client.contents, Array.from({ length: 201 }, (_, i) => String(i)));
      assert.deepEqual(client.disconnects, []);
    }
    close(...clients);
    await world.restartBackend();
  });

  /** Inserts the row once, whatever restarts meanwhile. */
  async function insertOnce(connection, chat, content) {
    for (let doubtful = false; ; doubtful = true) {
      try {
        if (!connection.client) {
          connection.client = await world.postgres.connect();
          connection.client.on("error", () => {}); // told by the query
        }
        const committed = doubtful && (await connection.client.query("SELECT 1 FROM messages WHERE chat_id = $1 AND content = $2", [chat, content])).rows.length > 0;
        if (!committed) await insert(chat, content, connection.client);
        return;
      } catch (error) {
        if (error.severity === "ERROR") throw error; // the statement is at fault, not the connection
        connection.client = undefined;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  test("rows of many writers arrive once and in order, while publishers are killed and PostgreSQL restarts", { timeout: 280_000 }, async () => {
    const chats = await Promise.all(Array.from({ length: WRITERS }, () => world.postgres.addChat(user)));
    const clients = [await connect(world.gateway)]; // publishes nothing itself
    const returns = [];
    if (recovers) {
      const client = await connect(gateways[0], user, { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 200 });
      client.socket.on("connect", () => returns.push(client.socket.recovered));
      clients.push(client);
      // Who has seen nothing yet has nothing to come back with.
      await insert(chats[0], "first");
      await receive(clients, "first");
    }
    const each = Math.floor(rows / WRITERS);
    let written = 0;
    const write = async (chat) => {
      const connection = {};
      for (let i = 0; i < each; i += 1) {
        if (i % 10 === 3 && connection.client) {
          await connection.client.query(`BEGIN; ${insertText(chat, "never")} ROLLBACK`).catch(() => {});
        }
        await insertOnce(connection, chat, String(i));
        written += 1;
      }
      await connection.client.end();
    };
    const writing = Promise.all(chats.map(write));
    const restarts = [
      () => gateways[0].kill().then(() => gateways[0].resume()),
      () => gateways[1].kill().then(() => gateways[1].resume()),
      () => world.postgres.stop().then(() => world.postgres.resume()),
      () => gateways[0].kill().then(() => gateways[0].resume()),
    ];
    // Whichever of the gateways publishes: it is killed while the other lives.
    for (const [n, restart] of restarts.entries()) {
      await eventually(() => written > ((n + 1) * rows) / 6, "a part of the rows is written", 120_000);
      await restart();
      await eventually(() => clients.every((client) => client.socket.connected), "those whom it has cost their connection are back");
    }
    await writing;
    const expected = Array.from({ length: each }, (_, i) => String(i));
    for (const client of clients) {
      // A gateway that was slow may have been about to send those of the test before.
      const arrived = () => client.messages.filter((m) => chats.includes(m.chat_id) && m.content !== "first");
      await eventually(() => arrived().length >= each * WRITERS, `${each * WRITERS} messages arrive`, 120_000);
      const ids = arrived().map((m) => m.message_id);
      const twice = arrived().filter((m, i) => ids.indexOf(m.message_id) !== i);
      assert.deepEqual(twice, [], `client ${clients.indexOf(client)} gets nothing twice`);
      for (const chat of chats) {
        assert.deepEqual(arrived().filter((m) => m.chat_id === chat).map((m) => m.content), expected);
      }
      assert.equal(arrived().length, each * WRITERS);
    }
    assert.deepEqual(returns, recovers ? [true, true] : [], "each time that its gateway was killed");
    await eventually(
      async () => (await world.postgres.query("SELECT count(*)::int AS n FROM chat_gateway.outbox")).rows[0].n === 0,
      "the table is empty",
    );
    close(...clients);
  });
}
