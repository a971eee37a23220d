// Waiting for events, with an end to every wait.

/** Patience for one event. Generous: sanitizer builds on a busy machine are slow. */
export const PATIENCE_MS = 30_000;

export async function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** For what sends no event: asks again and again until `probe` returns something truthy, and returns that. */
export async function eventually(probe, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms until ${what}`);
    await pause(25);
  }
}

/** Runs `work(item)` for all items, at most `width` at a time. */
export async function inParallel(items, width, work) {
  const rest = items.values();
  const lane = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
