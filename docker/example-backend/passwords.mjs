// Passwords as the users table has them: scrypt:<salt>:<hash>, both in base64.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const HASH_BYTES = 32;
const hash = promisify(scrypt);

/** A password as it is stored. */
export async function stored(password) {
  const salt = randomBytes(16);
  return `scrypt:${salt.toString("base64")}:${(await hash(password, salt, HASH_BYTES)).toString("base64")}`;
}

const nobodys = await stored(randomBytes(16).toString("hex"));

/** Whether a password is that of a stored one. For an unknown user (undefined) it takes as long, and is false. */
export async function verified(password, kept = nobodys) {
  const [, salt, expected] = kept.split(":");
  const actual = await hash(typeof password === "string" ? password : "", Buffer.from(salt, "base64"), HASH_BYTES);
  return timingSafeEqual(actual, Buffer.from(expected, "base64"));
}
