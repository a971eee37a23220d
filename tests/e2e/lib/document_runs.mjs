// How each kind of block in the documents is run, by its name in `<!-- run: KIND -->`: a function of the world and the block's text, which
// throws unless the block does what its document says, and returns what it printed.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { backendRuns } from "./document_runs_backend.mjs";
import { buildRuns } from "./document_runs_build.mjs";
import { pageRuns } from "./document_runs_page.mjs";
import { CHAT } from "./document_world.mjs";
import { Backend, SECRET } from "./backend.mjs";
import { root } from "./gateway.mjs";
import { request } from "./http.mjs";
import { freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { Redis } from "./redis.mjs";
import { eventually } from "./wait.mjs";

export { DocumentWorld } from "./document_world.mjs";

/** `key = value` or `key value` lines. */
const lines = (text, separator) => text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => line.split(separator)).map(([key, ...value]) => [key.trim(), value.join(" ").trim()]);

/** A member's client gets what the commands send, at a gateway with this bus on a Redis of its own. */
async function sentBy(world, text, kind, content) {
  const redis = await Redis.start();
  const backend = await Backend.start(redis);
  world.ends.push(() => redis.process.stop(), () => redis.admin.close(), () => backend.stop());
  const gateway = await world.addGateway({ redis: { url: redis.url }, bus: { kind } });
  const client = await world.client({ gateway, cookie: await backend.login(world.member) });
  const output = await world.shell(text, { redis });
  const { chat_id, author, type } = await client.receives(content);
  assert.deepEqual([chat_id, author, type], [CHAT, null, "system"]);
  client.close();
  return output;
}

/** nginx in front of the gateway and a Node server, half of the sessions at each: all get the chat's messages. */
async function splitSite(world, text) {
  const [port, nodePort] = [await freePort(), await freePort()];
  const { gateway, postgres, redis, backend } = world.world;
  const node = new ServerProcess("node", process.execPath, [join(root, "tests/e2e/lib/socketio_server.mjs")], {
    env: { PATH: process.env.PATH, PORT: String(nodePort), REDIS_URL: redis.url, DATABASE_URL: postgres.url },
  });
  world.ends.push(() => node.stop());
  await node.prints(/listening/);
  for (const name of ["body", "proxy", "fastcgi", "uwsgi", "scgi"]) mkdirSync(join(world.directory, name), { recursive: true });
  const site = text
    .replace("10%", "50%") // so that twenty clients are enough to see both
    .replace("127.0.0.1:7000", `127.0.0.1:${gateway.port}`)
    .replace("127.0.0.1:3000", `127.0.0.1:${nodePort}`)
    .replace("listen 80;", `listen 127.0.0.1:${port};`);
  const { path } = await world.nginx(server(world, site), { name: "split.conf" });
  const nginx = new ServerProcess("nginx", "/usr/sbin/nginx", ["-p", world.directory, "-e", "stderr", "-c", path]);
  world.ends.push(() => nginx.stop());
  const through = { url: `http://127.0.0.1:${port}` };
  await eventually(() => request(through.url).then(() => true, () => false), "nginx answers");

  const before = await gateway.metric("chat_gateway_sockets");
  const clients = [];
  for (let i = 0; i < 20; i += 1) clients.push(await world.client({ gateway: through, cookie: await backend.login(world.member) }));
  const here = await gateway.metric("chat_gateway_sockets") - before;
  assert.ok(here > 0 && here < 20, `${here} of 20 at the gateway`);
  world.say("to both sides");
  await Promise.all(clients.map((client) => client.receives("to both sides")));
  for (const client of clients) client.close();
  return "";
}

const server = (world, site) => `
  daemon off;
  ${process.getuid() === 0 ? "user www-data;" : ""}
  pid ${world.directory}/nginx.pid;
  error_log stderr warn;
  events { worker_connections 1024; }
  http {
    access_log off;
    ${["client_body_temp_path body", "proxy_temp_path proxy", "fastcgi_temp_path fastcgi", "uwsgi_temp_path uwsgi", "scgi_temp_path scgi"]
      .map((line) => line.replace(" ", ` ${world.directory}/`)).join(";\n")};
    ${site}
  }`;

async function tlsSite(world, text) {
  const [key, certificate] = ["key.pem", "certificate.pem"].map((name) => join(world.directory, name));
  await world.shell(`openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=chat.example.org -keyout ${key} -out ${certificate} 2>&1`);
  const site = text
    .replace("listen 443 ssl;", `listen 127.0.0.1:${await freePort()} ssl;`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`);
  return (await world.nginx(server(world, site), { name: "tls.conf" })).output;
}

/** A redis-server with a configuration file. */
async function redisWith(file) {
  const redis = Object.assign(new Redis(), { port: await freePort(), directory: privateDirectory("redis") });
  redis.url = `redis://127.0.0.1:${redis.port}`;
  redis.process = new ServerProcess("redis-server", process.env.CHAT_GATEWAY_TEST_REDIS ?? "redis-server", [
    file, "--port", String(redis.port), "--bind", "127.0.0.1", "--dir", redis.directory, "--save", "",
  ]);
  await redis.process.prints(/Ready to accept connections/);
  redis.admin = await redis.connect();
  return redis;
}

/** With /etc/chat-gateway as a package has it: the secrets in `environment`, root's alone, the rest in the other file. */
async function packagedShell(world, text) {
  const config = JSON.parse(readFileSync(world.world.gateway.config, "utf8"));
  assert.ok(config.session.secrets.length > 0);
  delete config.session.secrets;
  const file = world.write("packaged/chat-gateway.json", JSON.stringify(config));
  const secrets = world.write("packaged/environment", `# as delivered\nSESSION_SECRET='${SECRET}'\nDATABASE_URL='${config.postgres.url}?sslmode=prefer&connect_timeout=3'\n`);
  const commands = text.replaceAll("/etc/chat-gateway/chat-gateway.json", file);
  await assert.rejects(world.shell(commands.replace(". /etc/chat-gateway/environment", ":")), /session.secrets/, "without the secret");
  return world.shell(commands.replaceAll("/etc/chat-gateway/environment", secrets));
}

/** redis-server takes the lines and has them; with them a logout ends sockets although sessions are not read again. */
async function redisSettings(world, text) {
  const redis = await redisWith(world.write("redis.conf", text));
  const backend = await Backend.start(redis);
  world.ends.push(() => redis.process.stop(), () => redis.admin.close(), () => backend.stop());
  for (const [key, value] of lines(text, " ")) {
    const [, had] = await redis.admin.sendCommand(["CONFIG", "GET", key]);
    if (key === "client-output-buffer-limit") assert.match(had, /pubsub 268435456 67108864 60/);
    else if (key === "notify-keyspace-events") assert.deepEqual([...had].sort(), [...value].sort());
    else assert.equal(had, value, key);
  }
  const gateway = await world.addGateway({ redis: { url: redis.url }, session: { secrets: [SECRET], recheck_ms: 3_600_000 } });
  const cookie = await backend.login(world.member);
  const client = await world.client({ gateway, cookie });
  const gone = client.next("disconnect");
  await backend.logout(cookie);
  assert.equal(await gone, "io server disconnect");
  return "";
}

/** A role with these rights is all that a gateway needs, with sessions in Redis as well as in PostgreSQL. */
async function grants(world, text) {
  const { postgres } = world.world;
  await postgres.query(`CREATE TABLE IF NOT EXISTS session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`);
  await world.sql(postgres.url, text.replaceAll("chat_gateway", "documents_gateway"));
  const url = postgres.url.replace("postgres@", "documents_gateway@");
  await world.addGateway({ postgres: { url }, session: { secrets: [SECRET], store: "postgres" } }); // ready: it may read the sessions
  const client = await world.client({ gateway: await world.addGateway({ postgres: { url } }) });
  world.say("by rights");
  await client.receives("by rights");
  client.close();
  return "";
}

/** The command starts a gateway that becomes ready. */
async function daemon(world, text) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const command = world.here(text).replace("build/release/chat-gateway", "chat-gateway");
  const gateway = new ServerProcess("chat-gateway", "bash", ["-c", `exec env ${command}`], {
    cwd: root,
    env: { ...world.environment, CHAT_GATEWAY_SERVER_HOST: "127.0.0.1", CHAT_GATEWAY_SERVER_PORT: port, CHAT_GATEWAY_ADMIN_PORT: adminPort, CHAT_GATEWAY_SERVER_DRAIN_MS: 0 },
  });
  await eventually(() => request(`http://127.0.0.1:${adminPort}/readyz`).then(({ status }) => status === 200, () => false), "the gateway is ready");
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  return gateway.output;
}

/** Variables, one or more to a line: the gateway knows them, and takes their values. */
async function environment(world, text) {
  const output = await world.shell(`env ${text.trim().replaceAll("\n", " ")} SESSION_SECRET=a-secret chat-gateway --print-config`);
  assert.doesNotMatch(output, /unknown/i);
  for (const [, value] of text.matchAll(/=(\S+)/g)) assert.ok(output.includes(value), `${value} is not in effect:\n${output}`);
  return output;
}

/** Every key is one of the kernel's, and its value has that key's form. */
function sysctl(world, text) {
  const settings = lines(text, "=");
  assert.ok(settings.length > 0);
  for (const [key, value] of settings) {
    assert.match(value, /^\d+([ -]\d+)*$/, key);
    const path = `/proc/sys/${key.replaceAll(".", "/")}`;
    if (key.startsWith("net.netfilter.") && !existsSync(path)) continue; // no firewall here
    assert.equal(readFileSync(path, "utf8").trim().split(/\s+/).length, value.split(" ").length, key);
  }
  return "";
}

/** The reader's database has the outbox afterwards: an INSERT leaves a row in it. */
async function installOutbox(world, text) {
  const url = await world.market();
  const output = await world.shell(text);
  const rows = await world.sql(url, `BEGIN; INSERT INTO messages (chat_id, content) VALUES ('${CHAT}', 'of the test'); SET CONSTRAINTS ALL IMMEDIATE; SELECT 'rows: ' || count(*) FROM chat_gateway.outbox WHERE payload LIKE '%of the test%'; ROLLBACK;`);
  assert.match(rows, /rows: 1\b/);
  return output;
}

export const runs = {
  ...pageRuns,
  ...backendRuns,
  ...buildRuns,
  sh: (world, text) => world.shell(text),
  "packaged sh": packagedShell,
  "sh sharded": (world, text) => sentBy(world, text, "redis-sharded", "by SPUBLISH"),
  "sh streams": (world, text) => sentBy(world, text, "redis-streams", "by XADD"),
  "sh outbox": installOutbox,
  "sh check": (world, text) => world.shell(`${text.trim()} --check-config`),
  daemon,
  environment,
  settings: (world, text) => world.checkSettings(text),
  sysctl,
  redis: redisSettings,
  "nginx split": splitSite,
  "nginx http": tlsSite,
  "nginx main": async (world, text) => (await world.nginx(`pid ${world.directory}/main.pid;\n${text}`, { name: "main.conf" })).output,
  "sql grants": grants,
};
