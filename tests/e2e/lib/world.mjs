// Everything a test file needs, started together and stopped in the right order.
import { Backend, SECRET, message } from "./backend.mjs";
import { closeAllClients } from "./client.mjs";
import { Gateway } from "./gateway.mjs";
import { Nginx } from "./nginx.mjs";
import { Postgres } from "./postgres.mjs";
import { Redis } from "./redis.mjs";
import { eventually } from "./wait.mjs";

export const ALLOWED_ORIGIN = "http://localhost:5173";

export class World {
  /**
   * Redis (`redis`: how; or `startRedis`: what has its methods), PostgreSQL, an Express back end and one gateway; `overrides`: settings of
   * the gateway by section.
   */
  static async start(overrides = {}, { redis, startRedis = () => Redis.start(redis) } = {}) {
    const world = new World();
    world.gateways = [];
    world.proxies = [];
    [world.redis, world.postgres] = await Promise.all([startRedis(), Postgres.start()]);
    world.backend = await Backend.start(world.redis);
    world.gateway = await world.addGateway(overrides);
    return world;
  }

  /** One more gateway on the same Redis and PostgreSQL. */
  async addGateway(overrides = {}) {
    const gateway = await Gateway.start({
      session: { secrets: [SECRET] },
      redis: { url: this.redis.url },
      postgres: { url: this.postgres.url },
      cors: { origins: [ALLOWED_ORIGIN] },
      ...overrides,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  async restartBackend() {
    await this.backend.stop();
    this.backend = await Backend.start(this.redis);
  }

  /** Publishes until the client has got one of them: for a join that nothing announces. Returns when it did. */
  async publishUntilReceived(chat, client) {
    let tries = 0;
    const from = client.messages.length;
    await eventually(() => {
      if (client.messages.slice(from).some((m) => m.chat_id === chat)) return true;
      tries += 1;
      this.backend.publish(chat, message(chat, `try ${tries}`));
      return false;
    }, `a message of chat ${chat} arrives`, 60_000);
  }

  /** An nginx in front of the gateway, of another one, or of several: an array. */
  async addNginx(gateway = this.gateway) {
    const nginx = await Nginx.start(gateway);
    this.proxies.push(nginx);
    return nginx;
  }

  /** Ends everything, whatever fails on the way; throws the first failure. */
  async stop() {
    closeAllClients();
    const ends = [
      ...this.proxies.map((nginx) => () => nginx.process.stop()),
      () => this.backend.stop(),
      ...this.gateways.map((gateway) => () => gateway.stop()),
      () => this.postgres.stop(),
      () => this.redis.process.stop(),
    ];
    const failures = [];
    for (const end of ends) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
