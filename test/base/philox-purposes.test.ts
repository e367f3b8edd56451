import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PhiloxPurpose } from '#lethe/base/philox';

/** The enumerators of the C++ header. */
function nativePurposes(): number[] {
  const header = new URL('../../native/include/lethe/philox.h', import.meta.url);
  const [, list] = /enum class PhiloxPurpose[^{]*\{([^}]*)\}/.exec(readFileSync(header, 'utf8'))!;
  return [...list!.matchAll(/\bk\w+ = (\d+),/g)].map(([, number]) => Number(number));
}

describe('PhiloxPurpose', () => {
  const here = Object.values<number>(PhiloxPurpose);

  it('shares no number with the native core, so that no two streams of a seed are the same', () => {
    const all = [...nativePurposes(), ...here];
    expect(new Set(all).size).toBe(all.length);
  });

  it('leaves 1 to 4 to the native core, 18 and what follows 1023 to others', () => {
    expect(nativePurposes()).toEqual([1, 2, 3, 4]);
    expect(here.filter((number) => number < 5 || number === 18 || number > 1023)).toEqual([]);
  });
});
