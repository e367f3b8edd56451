/** The last work of each key that has not ended; it never rejects. */
const last = new Map<string, Promise<unknown>>();

/** Does work of the same key one after another, in the order of the calls in this thread. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const own = (last.get(key) ?? Promise.resolve()).then(work);
  const ended = own.catch(() => {});
  last.set(key, ended);
  try {
    return await own;
  } finally {
    if (last.get(key) === ended) last.delete(key);
  }
}
