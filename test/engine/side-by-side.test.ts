import { describe, expect, it } from 'vitest';
import { shareReporter, sideBySide } from '#lethe/engine/side-by-side';

describe('work side by side', () => {
  it('runs once for each item, at most n at a time, with results in order', async () => {
    let running = 0;
    let most = 0;
    const results = await sideBySide([5, 1, 4, 2, 3], 2, async (item, index) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < item; turn++) await Promise.resolve();
      running--;
      return `${index}: ${item}`;
    });
    expect(results).toEqual(['0: 5', '1: 1', '2: 4', '3: 2', '4: 3']);
    expect(most).toBe(2);
    expect(running).toBe(0);
  });

  it('aborts the rest if one fails or the signal aborts', async () => {
    const seen: number[] = [];
    const work = async (item: number, _: number, signal: AbortSignal) => {
      seen.push(item);
      if (item === 2) throw new Error('item 2');
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    };
    await expect(sideBySide([1, 2, 3], 2, work)).rejects.toThrow('item 2');
    expect(seen).toEqual([1, 2]);
    const undefinedError = sideBySide([1, 2], 2, async () => {
      throw undefined;
    });
    await expect(undefinedError).rejects.toBe(undefined);
    const outside = new AbortController();
    const running = sideBySide([1, 1], 2, work, outside.signal);
    outside.abort(new Error('outside'));
    await expect(running).rejects.toThrow('outside');
  });

  it('throws the error of its work, and does nothing without items', async () => {
    const failing = sideBySide([1, 2], 2, (item) => Promise.reject(new Error(`item ${item}`)));
    await expect(failing).rejects.toThrow('item 1');
    expect(await sideBySide([], 3, () => Promise.reject(new Error('never')))).toEqual([]);
  });
});

describe('the finished share', () => {
  it('is reported at once, then at intervals, and once at the end', () => {
    const seen: [finished: number, share: number][] = [];
    const report = shareReporter(2, ({ finished, share }) => seen.push([finished, share]));
    report(0, 0.5);
    for (let i = 0; i < 100; i++) report(1, i / 200);
    report(0, 1);
    for (let i = 0; i < 2; i++) report(1, 1);
    expect(seen[0]).toEqual([0, 0.25]);
    expect(seen.length).toBeLessThan(100);
    expect(seen.filter(([finished]) => finished === 2)).toEqual([[2, 1]]);
  });
});
