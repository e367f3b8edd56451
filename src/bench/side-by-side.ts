/**
 * Does the work for every item, for so many at once; the results are in the items' order. Work that
 * takes one thread fills the machine in this way, without waiting for another thread at every step.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // All take from one queue.
  const queue = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  return results;
}
