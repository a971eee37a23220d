// Users with sessions and chats in the stores, and the files that tell bench_load about them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { signedCookie } from "../e2e/lib/backend.mjs";
import { privateDirectory } from "../e2e/lib/machine.mjs";

const digits = (n) => String(n).padStart(12, "0");
export const chatOf = (room) => `00000000-0000-4000-8000-${digits(room)}`; // as load/options.cpp has it
export const userOf = (client) => `11111111-0000-4000-8000-${digits(client)}`;

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
  if (members > clients) throw new Error("more members than clients");
  const next = random(1);
  const lists = Array.from({ length: clients }, () => new Set());
  let deck = [];
  const refill = () => {
    const fresh = Array.from({ length: clients }, (_, i) => i);
    for (let i = clients - 1; i > 0; i -= 1) {
      const j = Math.floor(next() * (i + 1));
      [fresh[i], fresh[j]] = [fresh[j], fresh[i]];
    }
    deck = [...fresh, ...deck]; // what was left over goes first
  };
  for (let room = 0; room < rooms; room += 1) {
    for (let m = 0; m < members; m += 1) {
      // From the end, and without a loop over all: the deck may be large.
      let free = deck.length - 1;
      while (free >= 0 && lists[deck[free]].has(room)) free -= 1;
      if (free < 0) {
        refill();
        m -= 1;
        continue;
      }
      lists[deck.splice(free, 1)[0]].add(room);
    }
  }
  return lists.map((set) => [...set]);
}

/** A file for bench_load of `[cookie, numbers of rooms]` each. */
export function writeClients(list) {
  const file = join(privateDirectory("bench"), "clients");
  writeFileSync(file, list.map(([cookie, rooms]) => `${cookie}\t${rooms.join()}\n`).join(""));
  return file;
}

async function addChats(postgres, rooms, lists) {
  await postgres.query("TRUNCATE chats CASCADE");
  await postgres.query("INSERT INTO chats (chat_id) SELECT * FROM unnest($1::uuid[])", [
    Array.from({ length: rooms }, (_, room) => chatOf(room)),
  ]);
  const pairs = lists.flatMap((list, client) => list.map((room) => [chatOf(room), userOf(client)]));
  for (let from = 0; from < pairs.length; from += 20_000) {
    const part = pairs.slice(from, from + 20_000);
    await postgres.query("INSERT INTO chat_participants (chat_id, user_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])", [
      part.map(([chat]) => chat), part.map(([, user]) => user),
    ]);
  }
  await postgres.query("VACUUM ANALYZE chat_participants");
}

async function addSessions(redis, count) {
  const cookie = { originalMaxAge: 86_400_000, expires: new Date(Date.now() + 86_400_000).toISOString(), httpOnly: true, path: "/" };
  await redis.admin.flushAll();
  for (let from = 0; from < count; from += 1000) {
    await Promise.all(Array.from({ length: Math.min(1000, count - from) }, (_, i) => redis.admin.set(
      `sess:session-${from + i}`, JSON.stringify({ cookie, passport: { user: userOf(from + i) } }), { EX: 86_400 },
    )));
  }
}

/**
 * Puts the users, sessions and chats of `shapes` (`{rooms, members, clients}` each, with clients and rooms of its own) into fresh stores;
 * returns the path of each shape's clients file.
 */
export async function populate({ redis, postgres }, shapes) {
  let rooms = 0;
  const groups = shapes.map((shape) => {
    const first = rooms;
    rooms += shape.rooms;
    return memberships(shape).map((list) => list.map((room) => first + room));
  });
  const lists = groups.flat();
  await addChats(postgres, rooms, lists);
  await addSessions(redis, lists.length);
  let client = 0;
  return groups.map((group) => writeClients(group.map((list) => [signedCookie(`session-${client++}`), list])));
}
