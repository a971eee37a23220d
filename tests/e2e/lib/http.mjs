// Plain HTTP and upgrade requests: every header as given, nothing added behind the test's back.
import http from "node:http";
import { PATIENCE_MS, within } from "./wait.mjs";

/** Resolves to `{status, headers, body, upgraded}`; the connection is not kept. `socketPath`: connects there instead of to the URL's host. */
export function request(url, { method = "GET", headers = {}, body, socketPath } = {}) {
  const answer = new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers, socketPath, agent: false });
    sent.once("error", reject);
    sent.once("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body: "", upgraded: true });
    });
    sent.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text, upgraded: false }));
    });
    sent.end(body);
  });
  return within(answer, PATIENCE_MS, `an answer to ${method} ${url}`);
}

export const pollingPath = "/ws/?EIO=4&transport=polling";
export const websocketPath = "/ws/?EIO=4&transport=websocket";

/** A polling handshake with whatever has a `url`, and perhaps a `socketPath`. */
export function poll({ url, socketPath }, headers = {}) {
  return request(url + pollingPath, { headers, socketPath });
}

/** A WebSocket handshake; the connection is dropped when it succeeds. */
export function upgrade({ url, socketPath }, headers = {}) {
  return request(url + websocketPath, {
    socketPath,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...headers,
    },
  });
}

export function postJson(url, value, headers = {}) {
  return request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof value === "string" ? value : JSON.stringify(value),
  });
}
