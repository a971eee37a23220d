// docker/compose.yaml as it runs, seen from the host and by the engine; started by scripts/test_compose. The cases share the stack: they come
// one after the other and leave it running.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client, closeAllClients, transportSettings } from "../e2e/lib/client.mjs";
import { commandsOf, textRunBy } from "../e2e/lib/document_scripts.mjs";
import { Visitor, manualTest } from "../e2e/lib/example_backend.mjs";
import { poll, request } from "../e2e/lib/http.mjs";
import { freePort } from "../e2e/lib/machine.mjs";
import { eventually } from "../e2e/lib/wait.mjs";
import { adminUrl, build, compose, container, exec, healthy, history, inspect, runImage, start, stop, url } from "./engine.mjs";

const BASE = `debian:${process.env.DEBIAN_SUITE ?? "bookworm"}-slim`;
const SERVICES = ["nginx", "gateway", "backend", "postgres", "redis"];
// What the image adds to Debian's: the daemon, libpq and its company, certificates.
const MAX_ADDED_BYTES = 45_000_000;

after(closeAllClients);

const connect = (visitor, options) => new Client(url, { cookie: visitor.cookie, ...options }).connect();

async function adasClient() {
  const ada = new Visitor(url);
  await ada.login("ada");
  const client = await connect(ada, { transports: transportSettings.upgrade, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 500 });
  const path = `/chats/${(await ada.chatNamed("Everybody")).chat_id}/messages`;
  return { ada, client, path };
}

/** A client that was connected comes back by itself, and receives. */
async function comesBack({ ada, client, path }, content) {
  await eventually(() => client.socket.connected, "the client is back", 60_000);
  await eventually(async () => (await ada.post(path, { content })).status === 201, "the back end takes a message");
  await client.receives(content);
}

for (const service of SERVICES) {
  test(`${service} is healthy`, async () => {
    await healthy(service);
    assert.equal((await container(service)).RestartCount, 0);
  });
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`the manual test of the specification, ${name}`, async () => {
    await manualTest(url, (visitor) => connect(visitor, { transports }), `by ${name}`);
  });
}

test("a handshake without a login is refused, and the page is served", async () => {
  assert.equal((await poll({ url })).status, 401);
  const page = await request(url);
  assert.equal(page.status, 200);
  assert.match(page.body, /socket\.io\.js/);
  assert.match((await request(`${url}/socket.io.js`)).body, /Socket\.IO v4/);
});

test("the admin listener is published; what is published is for this machine alone", async () => {
  assert.match((await request(`${adminUrl}/metrics`)).body, /^chat_gateway_handshakes_total\{result="accepted"\} [1-9]/m);
  for (const service of SERVICES) {
    const { Ports } = (await container(service)).NetworkSettings;
    const published = Object.values(Ports).flatMap((one) => one ?? []);
    assert.equal(published.length, ["nginx", "gateway"].includes(service) ? 1 : 0, service);
    for (const { HostIp } of published) assert.equal(HostIp, "127.0.0.1");
  }
});

test("the gateway is not root, has no capabilities, and cannot write but to its socket's folder", async () => {
  const { State, Config } = await container("gateway");
  assert.equal(Config.User, "10001:10001");
  const status = readFileSync(`/proc/${State.Pid}/status`, "utf8");
  assert.match(status, /^Name:\s+chat-gateway$/m);
  assert.match(status, /^Uid:(\s+10001){4}$/m);
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.notEqual((await exec("gateway", "touch", "/usr/local/bin/x")).code, 0);
  assert.notEqual((await exec("gateway", "touch", "/tmp/x")).code, 0);
  assert.equal((await exec("gateway", "stat", "-c", "%a %U", "/run/chat-gateway/public.sock")).output, "666 chat-gateway");
  assert.match((await exec("backend", "id", "-u")).output, /^[1-9]\d*$/);
});

test("the image: size, labels, nothing that builds, no secret", async () => {
  const [image, base] = await Promise.all([inspect("chat-gateway"), inspect(BASE)]);
  const added = image.Size - base.Size;
  console.log(`image ${image.Size} bytes, of them ${added} on top of ${BASE}`);
  assert.ok(added > 0 && added < MAX_ADDED_BYTES, `${added} bytes`);
  const { code, output } = await runImage("chat-gateway", [], "--version");
  assert.equal(code, 0, output);
  assert.ok(output.endsWith(image.Config.Labels["org.opencontainers.image.version"]), output);
  assert.deepEqual([image.Config.StopSignal, image.Config.Entrypoint], ["SIGTERM", ["chat-gateway"]]);
  for (const program of ["g++", "cmake", "curl", "dpkg-shlibdeps"]) {
    assert.notEqual((await runImage("chat-gateway", ["--entrypoint", "which"], program)).code, 0, program);
  }
  assert.doesNotMatch(await history("chat-gateway"), /SECRET|PASSWORD/);
});

test("the image without settings says what is missing; with them it checks them", async () => {
  const missing = await runImage("chat-gateway", []);
  assert.equal(missing.code, 1);
  assert.match(missing.output, /session\.secrets/);
  const faulty = await runImage("chat-gateway", ["-e", "SESSION_SECRET=x", "-e", "CHAT_GATEWAY_SERVER_PORT=70000"], "--check-config");
  assert.equal(faulty.code, 1);
  assert.match(faulty.output, /server\.port: 70000 is out of range/);
  const file = fileURLToPath(new URL("../../config/chat-gateway.json", import.meta.url));
  const mounted = ["-e", "SESSION_SECRET=x", "--user", "12345:12345", "-v", `${file}:/etc/chat-gateway.json:ro`];
  const effective = await runImage("chat-gateway", mounted, "--config", "/etc/chat-gateway.json", "--print-config");
  assert.equal(effective.code, 0, effective.output);
  assert.match(effective.output, /"connections_per_user": *100\b/, "the file's, not the default");
});

test("a gateway by itself, as docs/deployment.md runs it: it takes all the open files it may, and stops in time", async () => {
  const commands = commandsOf(textRunBy("docs/deployment.md", "tests/compose/stack.test.mjs")).map((line) => line.split(" "));
  const of = (verb) => commands.filter(([program, what]) => program === "docker" && what === verb).map((words) => words.slice(2));
  const [[building], [running]] = [of("build"), of("run")];
  assert.equal(commands.length, 2);
  await build(building);
  const [port, adminPort] = [await freePort(), await freePort()];
  // This machine may have fewer files to give than the document takes.
  const args = running.map((word) => word.replace(/^nofile=\d+:\d+$/, "nofile=2048:9000"));
  assert.notDeepEqual(args, running, "the document says how many files it may open");
  const id = await start(["-e", `CHAT_GATEWAY_SERVER_PORT=${port}`, "-e", `CHAT_GATEWAY_ADMIN_PORT=${adminPort}`, ...args], {
    SESSION_SECRET: "x", REDIS_URL: "redis://127.0.0.1:1", DATABASE_URL: "postgresql://127.0.0.1:1/none",
  });
  try {
    // Nobody answers for Redis and PostgreSQL: alive is all that counts.
    await eventually(() => request(`http://127.0.0.1:${adminPort}/healthz`).then(({ status }) => status === 200, () => false), "it is alive");
    await eventually(async () => (await inspect(id)).State.Health.Status === "healthy", "the engine sees it", 60_000);
    assert.match(readFileSync(`/proc/${(await inspect(id)).State.Pid}/limits`, "utf8"), /^Max open files\s+9000\s+9000\s/m);
  } finally {
    const { code, log } = await stop(id);
    assert.equal(code, 0, log);
  }
});

test("the health check sees a daemon that hangs", async () => {
  assert.deepEqual(await exec("gateway", "chat-gateway-health"), { code: 0, output: "" });
  const { State } = await container("gateway");
  process.kill(State.Pid, "SIGSTOP");
  try {
    const frozen = await exec("gateway", "chat-gateway-health");
    assert.deepEqual(frozen, { code: 1, output: "no answer within 3 s" });
  } finally {
    process.kill(State.Pid, "SIGCONT");
  }
  await eventually(async () => (await exec("gateway", "chat-gateway-health")).code === 0, "it is well again");
});

test("Redis goes and comes back: the gateway says so, stays, and sessions are still there", async () => {
  const stack = await adasClient();
  await compose("stop", "redis");
  await eventually(async () => {
    const { code, output } = await exec("gateway", "chat-gateway-health", "/readyz");
    return code === 1 && /503/.test(output) && /redis/i.test(output);
  }, "the readiness check names Redis");
  assert.equal((await exec("gateway", "chat-gateway-health")).code, 0, "alive all the same");
  await compose("start", "redis");
  await eventually(async () => (await exec("gateway", "chat-gateway-health", "/readyz")).code === 0, "ready again");
  assert.equal((await stack.ada.get("/me")).body.name, "ada", "the login has outlived Redis");
  await comesBack(stack, "after Redis");
  stack.client.close();
});

test("PostgreSQL goes and comes back, with its data", async () => {
  const stack = await adasClient();
  assert.equal((await stack.ada.post(stack.path, { content: "before PostgreSQL" })).status, 201);
  await compose("restart", "postgres");
  await healthy("postgres");
  await comesBack(stack, "after PostgreSQL");
  const { body } = await stack.ada.get(stack.path);
  assert.ok(body.some((message) => message.content === "before PostgreSQL"));
  stack.client.close();
});

test("the gateway is restarted: it drains, its clients come back by themselves", async () => {
  const stack = await adasClient();
  const reason = stack.client.next("disconnect");
  await compose("stop", "gateway");
  const { State } = await container("gateway");
  assert.equal(State.ExitCode, 0, "SIGTERM, and time enough");
  assert.equal(await reason, "transport close");
  await compose("start", "gateway");
  await comesBack(stack, "after a restart");
  await healthy("gateway");
  stack.client.close();
});

test("the gateway is killed: the engine starts it again, its clients come back", async () => {
  const stack = await adasClient();
  const { State } = await container("gateway");
  const reason = stack.client.next("disconnect");
  process.kill(State.Pid, "SIGKILL");
  await reason;
  await comesBack(stack, "after a crash");
  assert.equal((await container("gateway")).RestartCount, 1);
  await healthy("gateway");
  stack.client.close();
});
