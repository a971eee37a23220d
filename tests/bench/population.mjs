// Users with sessions and chats in the stores, and the file that tells bench_load about them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { signedCookie } from "../e2e/lib/backend.mjs";
import { privateDirectory } from "../e2e/lib/machine.mjs";

const digits = (n) => String(n).padStart(12, "0");
const chatOf = (room) => `00000000-0000-4000-8000-${digits(room)}`; // as load/options.cpp has it
const userOf = (client) => `11111111-0000-4000-8000-${digits(client)}`;

/** The same everywhere: runs are compared. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Which rooms each client is in: every room has `members`, every client about as many rooms as the others. */
export function memberships({ rooms, members, clients }) {
  const next = random(1);
  const lists = Array.from({ length: clients }, () => new Set());
  let deck = [];
  for (let room = 0; room < rooms; room += 1) {
    for (let m = 0; m < members; m += 1) {
      if (deck.length === 0) {
        deck = Array.from({ length: clients }, (_, i) => i);
        for (let i = clients - 1; i > 0; i -= 1) {
          const j = Math.floor(next() * (i + 1));
          [deck[i], deck[j]] = [deck[j], deck[i]];
        }
      }
      const free = deck.findLastIndex((client) => !lists[client].has(room));
      if (free < 0) throw new Error("more members than clients");
      lists[deck.splice(free, 1)[0]].add(room);
    }
  }
  return lists.map((set) => [...set]);
}

/** Puts a shape's users, sessions and chats into fresh stores; returns the path of the clients file. */
export async function populate(redis, postgres, shape) {
  const lists = memberships(shape);
  await redis.admin.flushAll();
  await postgres.query("TRUNCATE chats CASCADE");
  await postgres.query("INSERT INTO chats (chat_id) SELECT * FROM unnest($1::uuid[])", [
    Array.from({ length: shape.rooms }, (_, room) => chatOf(room)),
  ]);
  const pairs = lists.flatMap((list, client) => list.map((room) => [chatOf(room), userOf(client)]));
  for (let from = 0; from < pairs.length; from += 20_000) {
    const part = pairs.slice(from, from + 20_000);
    await postgres.query("INSERT INTO chat_participants (chat_id, user_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])", [
      part.map(([chat]) => chat), part.map(([, user]) => user),
    ]);
  }
  await postgres.query("ANALYZE chat_participants");
  const cookie = { originalMaxAge: 86_400_000, expires: new Date(Date.now() + 86_400_000).toISOString(), httpOnly: true, path: "/" };
  for (let from = 0; from < lists.length; from += 1000) {
    await Promise.all(lists.slice(from, from + 1000).map((_, i) => redis.admin.set(
      `sess:session-${from + i}`, JSON.stringify({ cookie, passport: { user: userOf(from + i) } }), { EX: 86_400 },
    )));
  }
  const file = join(privateDirectory("bench"), "clients");
  writeFileSync(file, lists.map((list, i) => `${signedCookie(`session-${i}`)}\t${list.join(",")}\n`).join(""));
  return file;
}
