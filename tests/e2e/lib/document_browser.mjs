// The blocks of docs/frontend.md together, as a page of a real browser: another origin of the same site than gateway and back end.
import assert from "node:assert/strict";
import { Backend, SECRET, message } from "./backend.mjs";
import { FrontEnd, startBrowser } from "./browser.mjs";
import { CHAT } from "./document_world.mjs";
import { PATIENCE_MS } from "./wait.mjs";

const SITE = "chat.test";
const at = (url, host) => url.replace("127.0.0.1", `${host}.${SITE}`);

/** `blocks`: texts, in the order of the document. Without a login the page is told to log in; then it gets messages, and a logout is told. */
export async function runInBrowser(world, blocks) {
  const front = await FrontEnd.start();
  world.ends.push(() => front.stop());
  const browser = await startBrowser();
  world.ends.push(() => browser.close());
  const home = front.origin(`www.${SITE}`);
  const gateway = await world.addGateway({ cors: { origins: [home] }, session: { secrets: [SECRET], recheck_ms: 500 } });
  const api = await Backend.start(world.world.redis, { origins: [home], domain: SITE });
  world.ends.push(() => api.stop());

  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(home);
  await page.evaluate(() => {
    Object.assign(window, {
      merged: [],
      calls: [],
      merge: (list) => window.merged.push(...list),
      loadMessages: async () => [],
      showLogin: () => window.calls.push("login"),
      askWhoIsLoggedIn: () => window.calls.push("asks"),
    });
  });
  const script = blocks.join("\n").replaceAll("https://chat.example.org", at(gateway.url, "ws"))
    .replace('import { io } from "socket.io-client";', "").replace("export const socket", "const socket = window.socket");
  await page.addScriptTag({ type: "module", content: script });

  await page.waitForFunction(() => window.calls.length > 0);
  assert.deepEqual(await page.evaluate(() => [window.calls, window.socket.active]), [["login"], false]);
  const post = (path, body) => page.evaluate(([url, value]) => post(url, value), [at(api.url, "api") + path, body]);
  assert.equal(await post("/login", { user: world.member }), 200);
  await page.evaluate(() => window.socket.connect());
  await page.waitForFunction(() => window.socket.connected);
  api.publish(CHAT, message(CHAT, "to the browser"));
  await page.waitForFunction(() => window.merged.some(({ content }) => content === "to the browser"));
  assert.equal(await post("/logout"), 204);
  await page.waitForFunction(() => window.calls.length > 1);
  assert.deepEqual(await page.evaluate(() => window.calls), ["login", "asks"]);
}
