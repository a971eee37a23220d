// A front end on its own origin, and the browser that opens it.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "./wait.mjs";

const EXECUTABLE = process.env.CHAT_GATEWAY_TEST_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  // Names as a deployment has them; nothing is asked of a name server.
  "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--no-proxy-server", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const here = (path) => readFileSync(new URL(path, import.meta.url));
const FILES = {
  "/": ["text/html", here("../browser/page.html")],
  "/socket.io.js": ["text/javascript", here("../node_modules/socket.io-client/dist/socket.io.min.js")],
};

/** The static files of the application, under whatever name the request gives the server. */
export class FrontEnd {
  static async start() {
    const front = new FrontEnd();
    front.server = createServer((req, res) => {
      const [type, body] = FILES[req.url.split("?")[0]] ?? [];
      if (!type) return res.writeHead(404).end();
      res.writeHead(200, { "Content-Type": type }).end(body);
    }).listen(0, "127.0.0.1");
    await once(front.server, "listening");
    front.port = front.server.address().port;
    return front;
  }

  origin(host) {
    return `http://${host}:${this.port}`;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export function startBrowser() {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS, chromiumSandbox: false, timeout: PATIENCE_MS });
}
