// Blocks that are a front end's.
import assert from "node:assert/strict";
import { message, SECRET } from "./backend.mjs";
import { CHAT } from "./document_world.mjs";
import { ServerProcess } from "./process.mjs";
import { eventually } from "./wait.mjs";

const PYTHON = process.env.CHAT_GATEWAY_TEST_PYTHON ?? "/usr/bin/python3";

/** Loads what is older, gets what comes; after a cut it is recovered, and loads nothing. */
async function connects(world, text) {
  const merged = [];
  let loads = 0;
  const loadMessages = async () => {
    loads += 1;
    return [message(CHAT, "older")];
  };
  const page = await world.import(text, { names: { merge: (list) => merged.push(...list), loadMessages } });
  const { socket } = page;
  const has = (content) => () => merged.some((one) => one.content === content);
  await eventually(has("older"), "older messages are loaded");
  world.say("newer");
  await eventually(has("newer"), "a message arrives");
  const id = socket.id;
  socket.io.engine.close();
  world.say("meanwhile");
  await eventually(has("meanwhile"), "what was said meanwhile arrives");
  await eventually(() => socket.connected, "it is back");
  assert.deepEqual([socket.recovered, socket.id, loads], [true, id, 1]);
  assert.equal(merged.filter((one) => one.content === "meanwhile").length, 1);
  return "";
}

/** The chat is one that the socket is not in yet. */
async function joins(world, text) {
  const client = await world.client();
  const chatId = await world.world.postgres.addChat(world.member);
  await world.import(text, { names: { socket: client.socket, chatId } });
  world.world.backend.publish(chatId, message(chatId, "joined"));
  await client.receives("joined");
  client.close();
  return "";
}

/** A session that is none is told, whichever way the gateway tells it, and so is the end of one. */
async function tellsErrors(world, text) {
  const { backend } = world.world;
  const asking = await world.addGateway({ session: { secrets: [SECRET], recheck_ms: 500, reject: "connect_error" } });
  for (const gateway of [world.world.gateway, asking]) {
    const seen = [];
    const client = await unconnected(world, gateway);
    const { socket } = client;
    await world.import(text, { names: { socket, askWhoIsLoggedIn: () => seen.push("asks"), showLogin: () => seen.push("login") } });
    socket.connect();
    await eventually(() => seen[0] === "login", "the page is told to log in");
    assert.equal(socket.active, false, "no more attempts");
    const cookie = await backend.login(world.member);
    client.headers.cookie = cookie;
    socket.connect();
    await eventually(() => socket.connected, "it is in after the login");
    await backend.logout(cookie);
    await eventually(() => seen.includes("asks"), "the end of the session is told");
    assert.deepEqual(seen, ["login", "asks"]);
    socket.disconnect();
  }
  return "";
}

/** A client without a cookie, that tries again as the documents' does. */
async function unconnected(world, gateway) {
  const client = await world.client({ gateway, transports: ["polling", "websocket"], reconnection: true, reconnectionDelay: 50 });
  client.socket.disconnect();
  delete client.headers.cookie;
  return client;
}

/** README's lines. */
async function shows(world, text) {
  const shown = [];
  const { sockets } = await world.import(text, { names: { show: (one) => shown.push(one.content) } });
  await eventually(() => sockets[0].connected, "the page is connected");
  world.say("shown");
  await eventually(() => shown.includes("shown"), "the message is shown");
  return "";
}

async function pythonClient(world, text) {
  const script = world.write("client.py", world.here(text));
  const client = new ServerProcess("python", PYTHON, [script], { env: { PATH: process.env.PATH, LANG: "C.UTF-8", COOKIE: world.cookie } });
  await world.sayUntil("to Python", () => client.output.includes("to Python"), "the Python client prints the message");
  await client.stop("SIGKILL");
  return client.output;
}

export const pageRuns = {
  "page connect": connects,
  "page join": joins,
  "page errors": tellsErrors,
  "page readme": shows,
  "python client": pythonClient,
};
