// Messages that are numbers: what a chat's members have missed, got twice or out of order shows.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./wait.mjs";

export const numbers = (n) => Array.from({ length: n }, (_, i) => String(i));
export const heardIn = (client, chat) => client.messages.filter((m) => m.chat_id === chat).map((m) => m.content);

/**
 * Writes numbers to each chat by `insert(chat, content)` until the function that this returns is called, or the test is over; that one
 * returns how many each chat got.
 */
export function writeNumbers(t, chats, insert) {
  let going = true;
  t.after(() => {
    going = false;
  });
  const written = chats.map(async (chat) => {
    let n = 0;
    while (going) {
      await insert(chat, String(n));
      n += 1;
      await sleep(10);
    }
    return n;
  });
  return () => {
    going = false;
    return Promise.all(written);
  };
}

/** Every client has got every number of every chat, once and in order, on the connection that it had. */
export async function assertAllHeard(clients, chats, counts) {
  for (const client of clients) {
    for (const [n, chat] of chats.entries()) {
      await eventually(() => heardIn(client, chat).length >= counts[n], `${counts[n]} messages arrive, of which there are ${heardIn(client, chat).length}`, 60_000);
      assert.deepEqual(heardIn(client, chat), numbers(counts[n]));
    }
    assert.deepEqual(client.disconnects, []);
  }
}
