import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { drawScatterChart, type ScatterPoint } from '#lethe/report/scatter-chart';

const point = (name: string, x: number, y: number, isEmphasized = false): ScatterPoint => ({
  ...{ name, x, y, isEmphasized },
});

describe('a scatter chart', () => {
  const svg = parseHTML(
    drawScatterChart({
      description: 'Distance & cost',
      ...{ x: 'cost', y: 'distance' },
      points: [point('<one>', 1, 0.1, true), point('two', 10, 0.1), point('three', 100, 0.01)],
      floor: { y: 0.005, name: 'the floor' },
      curve: { name: 'the curve', points: [1, 10, 100].map((x) => ({ x, y: 0.1 / x })) },
    }),
  ).document.querySelector('svg')!;
  const circles = [...svg.querySelectorAll('circle')].map((circle) => ({
    x: Number(circle.getAttribute('cx')),
    y: Number(circle.getAttribute('cy')),
    fill: circle.getAttribute('fill'),
  }));

  it('draws each point at its logarithms', () => {
    const [one, two, three] = circles;
    expect(two!.x - one!.x).toBeCloseTo(three!.x - two!.x);
    expect(one!.y).toBe(two!.y);
    expect(three!.y).toBeGreaterThan(two!.y);
    expect(circles.map(({ fill }) => fill)).toEqual([
      'var(--series-0)',
      'var(--series-1)',
      'var(--series-1)',
    ]);
  });

  it('draws the curve through its points', () => {
    const line = svg.querySelector('[aria-label="line"] path')!;
    const numbers = line
      .getAttribute('d')!
      .match(/-?[\d.]+/g)!
      .map(Number);
    const [one, two, three] = circles;
    expect([0, 2, 4].map((i) => numbers[i])).toEqual([one, two, three].map((point) => point!.x));
    // It begins at the first point and falls linearly.
    expect(numbers[1]).toBeCloseTo(one!.y);
    expect(numbers[3]! - numbers[1]!).toBeCloseTo(numbers[5]! - numbers[3]!);
  });

  it('draws a line from a point to its name if the name had to move', () => {
    const chart = (...points: ScatterPoint[]) =>
      parseHTML(
        drawScatterChart({
          ...{ description: '', x: '', y: '', points },
          floor: { y: 0.01, name: '' },
          curve: { name: '', points: [1, 100].map((x) => ({ x, y: 0.1 })) },
        }),
      ).document.querySelector('svg')!;
    const placesOf = (points: ScatterPoint[]) =>
      points.map(({ name }) => {
        const texts = [...chart(...points).querySelectorAll('text')];
        const transform = texts.find(({ textContent }) => textContent === name)!;
        return Number(transform.getAttribute('transform')!.match(/,(-?[\d.]+)\)/)![1]);
      });
    const [a, b] = placesOf([point('aaa', 3, 0.05), point('bbb', 3, 0.05)]);
    expect(Math.abs(a! - b!)).toBeGreaterThanOrEqual(11);
    const [c, d] = placesOf([point('aaa', 3, 0.05), point('bbb', 30, 0.05)]);
    expect(c).toBe(d);
  });

  it('labels points, floor and curve, escaped, and has alternative text', () => {
    const text = svg.textContent!;
    for (const name of ['<one>', 'two', 'three', 'the floor', 'the curve', 'cost', 'distance']) {
      expect(text).toContain(name);
    }
    expect(svg.getAttribute('aria-label')).toBe('Distance & cost');
    expect(svg.querySelector('one')).toBeNull();
  });
});
