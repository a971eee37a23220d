// The echo server itself: its command line, its start and its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerProcess } from "../e2e/lib/process.mjs";
import { openPacket, pollingTarget, PollingSession, WebSocketSession } from "./lib/engineio.mjs";
import { request } from "./lib/http.mjs";
import { echoBinary, startEcho } from "./lib/servers.mjs";
import { dropWires } from "./lib/wire.mjs";

test("defaults: 300, 200 and 1000 ms, 1000000 bytes, /socket.io; one line names the port", async () => {
  const process = new ServerProcess("protocol_echo_server", echoBinary, ["--port", "0"]);
  await process.prints(/listening on port \d+\n/);
  const lines = process.output.split("\n").filter((line) => line.startsWith("listening"));
  assert.equal(lines.length, 1);
  const port = Number(lines[0].match(/\d+/)[0]);
  for (const path of ["/socket.io/", "/socket.io", "/engine.io/"]) {
    const { pingInterval, pingTimeout, maxPayload } = openPacket((await request(port, pollingTarget(path))).body);
    assert.deepEqual({ pingInterval, pingTimeout, maxPayload }, { pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
  }
  assert.deepEqual(await process.stop(), { code: 0, signal: null });
});

test("every option is taken, also as --name=value", async () => {
  const server = await startEcho({ path: "/other", "ping-interval": 1234, "ping-timeout": 567, "max-payload": 89 });
  const { pingInterval, pingTimeout, maxPayload } = openPacket((await request(server.port, pollingTarget("/other/"))).body);
  assert.deepEqual({ pingInterval, pingTimeout, maxPayload }, { pingInterval: 1234, pingTimeout: 567, maxPayload: 89 });
  assert.equal((await request(server.port, pollingTarget("/socket.io/"))).status, 404);
  await server.stop();
  const attached = new ServerProcess("protocol_echo_server", echoBinary, ["--port=0", "--path=/x"]);
  await attached.prints(/listening on port \d+\n/);
  assert.deepEqual(await attached.stop("SIGINT"), { code: 0, signal: null });
});

test("SIGTERM ends it with 0, also with clients in the middle of things", async () => {
  const server = await startEcho();
  const polling = await PollingSession.open(server.port, "/socket.io/");
  await polling.hold();
  const socket = await WebSocketSession.open(server.port, "/socket.io/");
  socket.text("40");
  assert.match(await socket.next(), /^40\{"sid":"/);
  await server.stop();
  dropWires();
});

for (const [args, complaint] of [
  [["--port", "x"], /--port is "x"; accepted: 0 to 65535/],
  [["--port", "65536"], /--port is "65536"/],
  [["--port"], /--port needs a value/],
  [["--ping-interval", "0"], /--ping-interval is "0"; accepted: 1 to/],
  [["--ping-timeout", "-1"], /--ping-timeout is "-1"/],
  [["--connect-timeout", "1s"], /--connect-timeout is "1s"/],
  [["--max-payload", ""], /--max-payload is ""/],
  [["--path", "socket.io"], /--path is "socket\.io"/],
  [["--path", "/engine.io/"], /--path is "\/engine\.io"/],
  [["--verbose"], /unknown argument --verbose/],
]) {
  test(`bad arguments ${JSON.stringify(args)}: said clearly, exit code 1`, async () => {
    const process = new ServerProcess("protocol_echo_server", echoBinary, args);
    assert.deepEqual(await process.exited, { code: 1, signal: null });
    assert.match(process.output, complaint);
    assert.match(process.output, /Usage: protocol_echo_server/);
  });
}
