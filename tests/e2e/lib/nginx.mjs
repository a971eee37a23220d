// A private nginx with the site that docker/nginx offers, its addresses replaced.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./gateway.mjs";
import { freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { eventually } from "./wait.mjs";
import { request } from "./http.mjs";

function replaced(text, pattern, by) {
  assert.match(text, pattern, "the sites of docker/nginx have changed; adapt lib/nginx.mjs");
  return text.replace(pattern, by);
}

const BY_SOCKET = /server unix:[^;]+;/;
const INCLUDED = /include \/etc\/nginx\/chat-gateway\.d\/\*\.conf;/;
const BY_PORT = /# server 127\.0\.0\.1:7000;/;

const readSite = (name) => readFileSync(join(root, "docker/nginx", name), "utf8");

/** By the gateway's AF_UNIX socket if it has one. */
function siteOf(gateway) {
  const site = replaced(readSite("chat-gateway.conf"), BY_SOCKET, gateway.unixSocket ? `server unix:${gateway.unixSocket};` : "");
  return replaced(site, BY_PORT, gateway.unixSocket ? "" : `server 127.0.0.1:${gateway.port};`);
}

function clusterSiteOf(gateways) {
  const servers = gateways.map(({ port }) => `server 127.0.0.1:${port} max_fails=0;`).join("\n");
  return replaced(readSite("chat-gateway-cluster.conf"), /(server 192\.0\.2\.\d+:7000 max_fails=0;\s*){2}/, `${servers}\n`);
}

export class Nginx {
  /** In front of one gateway, or of several: an array. `locations`: what the site includes. */
  static async start(gateway, { locations = "" } = {}) {
    const nginx = new Nginx();
    const port = await freePort();
    nginx.url = `http://127.0.0.1:${port}`;
    const directory = privateDirectory("nginx");
    for (const name of ["body", "proxy", "fastcgi", "uwsgi", "scgi"]) mkdirSync(join(directory, name));

    let site = Array.isArray(gateway) ? clusterSiteOf(gateway) : siteOf(gateway);
    site = replaced(site, INCLUDED, locations);
    site = replaced(site, /listen 80;/, `listen 127.0.0.1:${port};`);
    site = replaced(site, /listen \[::\]:80;/, "");
    const config = join(directory, "nginx.conf");
    writeFileSync(config, `
      daemon off;
      ${process.getuid() === 0 ? "user www-data;" : ""}
      pid ${directory}/nginx.pid;
      error_log stderr warn;
      worker_rlimit_nofile 16384;
      events { worker_connections 8192; }
      http {
        access_log off;
        client_body_temp_path ${directory}/body;
        proxy_temp_path ${directory}/proxy;
        fastcgi_temp_path ${directory}/fastcgi;
        uwsgi_temp_path ${directory}/uwsgi;
        scgi_temp_path ${directory}/scgi;
        ${site}
      }`);
    nginx.process = new ServerProcess("nginx", "/usr/sbin/nginx", ["-p", directory, "-e", "stderr", "-c", config]);
    await eventually(() => request(nginx.url).then(() => true, () => false), "nginx answers");
    return nginx;
  }
}
