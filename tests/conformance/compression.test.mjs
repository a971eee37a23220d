// gzip and deflate of polling answers, where compression is on; rfc6455.test.mjs has permessage-deflate.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import zlib from "node:zlib";
import { pollingTarget, PollingSession, websocketTarget } from "./lib/engineio.mjs";
import { request } from "./lib/http.mjs";
import { demoCookie, startDemo, startEcho } from "./lib/servers.mjs";
import { WebSocketWire } from "./lib/websocket.mjs";
import { dropWires } from "./lib/wire.mjs";

const PATH = "/engine.io/";
const body = (bytes) => `4${"x".repeat(bytes - 1)}`;

let server;
let port;
before(async () => {
  server = await startEcho({ compression: true });
  port = server.port;
});
after(() => server.stop());
afterEach(dropWires);

/** The answer to a GET that has a body of so many bytes to bring. */
async function fetched(bytes, accept) {
  const session = await PollingSession.open(port, PATH);
  await session.post(body(bytes));
  return session.get(accept === undefined ? {} : { "Accept-Encoding": accept });
}

const decoders = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };

for (const [accept, coding] of [
  ["gzip", "gzip"],
  ["deflate", "deflate"],
  ["gzip, deflate", "gzip"],
  ["deflate, gzip", "deflate"],
  ["gzip;q=0.5, deflate;q=0.9", "deflate"],
  ["gzip, deflate, br", "gzip"],
  ["*", "gzip"],
]) {
  test(`Accept-Encoding: ${accept}: ${coding}, from 1024 bytes on`, async () => {
    const answer = await fetched(1024, accept);
    assert.equal(answer.get("Content-Encoding"), coding);
    assert.equal(answer.get("Content-Type"), "text/plain; charset=UTF-8");
    assert.equal(decoders[coding](answer.bytes).toString(), body(1024));
    const small = await fetched(1023, accept);
    assert.equal(small.get("Content-Encoding"), undefined);
    assert.equal(small.body, body(1023));
  });
}

for (const accept of ["br", "gzip;q=0", "identity", undefined]) {
  test(`Accept-Encoding: ${accept}: plain`, async () => {
    const answer = await fetched(5000, accept);
    assert.equal(answer.get("Content-Encoding"), undefined);
    assert.equal(answer.body, body(5000));
  });
}

test("the answer to a POST is never compressed", async () => {
  const session = await PollingSession.open(port, PATH);
  const answer = await session.post(body(5000), { "Accept-Encoding": "gzip" });
  assert.equal(answer.get("Content-Encoding"), undefined);
  assert.equal(answer.body, "ok");
});

test("off by default: bodies are plain and an offer of permessage-deflate is ignored", async () => {
  const gateway = await startDemo();
  const headers = { Cookie: await demoCookie(gateway), "Accept-Encoding": "gzip" };
  const answer = await request(gateway.port, pollingTarget("/ws/"), { headers });
  assert.equal(answer.get("Content-Encoding"), undefined);
  const socket = await WebSocketWire.open(gateway.port, websocketTarget("/ws/"), {
    headers: { ...headers, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
  });
  assert.equal(socket.response.get("Sec-WebSocket-Extensions"), undefined);
  assert.match(await socket.next(), /^0\{/);
  socket.drop();
  await gateway.stop();
});
