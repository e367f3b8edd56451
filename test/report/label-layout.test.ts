import { describe, expect, it } from 'vitest';
import { type Label, spreadLabels } from '#lethe/report/label-layout';

const label = (x: number, y: number, text = 'method'): Label => ({ x, y, text });
/** The line height of a font of 11 pixels. */
const LEAST_DISTANCE = 11;

describe('labels', () => {
  it('stay next to their points if there is room', () => {
    expect(spreadLabels([label(0, 50), label(200, 50), label(0, 100)], 0)).toEqual([50, 50, 100]);
  });

  it('move up and down to avoid each other, and stay near', () => {
    const labels = Array.from({ length: 6 }, () => label(10, 100));
    const places = [...spreadLabels(labels, 0)].sort((a, b) => a - b);
    for (let i = 1; i < places.length; i++) {
      expect(places[i]! - places[i - 1]!).toBeGreaterThanOrEqual(LEAST_DISTANCE);
    }
    expect(places[0]).toBeGreaterThan(50);
    expect(places.at(-1)).toBeLessThan(150);
  });

  it('move down if there is no room above', () => {
    const places = spreadLabels([label(10, 8), label(10, 8), label(10, 8)], 0);
    for (const place of places) expect(place).toBeGreaterThanOrEqual(LEAST_DISTANCE / 2);
    expect(new Set(places).size).toBe(3);
  });

  it('avoid points to their right, as far as the labels reach', () => {
    expect(spreadLabels([label(0, 50, 'a long name'), label(40, 50, 'b')], 0)[0]).not.toBe(50);
    expect(spreadLabels([label(0, 50, 'a'), label(40, 50, 'b')], 0)[0]).toBe(50);
  });
});
