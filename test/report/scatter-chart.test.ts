import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { drawScatterChart, paretoFront, type ScatterPoint } from '#lethe/report/scatter-chart';

const point = (name: string, x: number, y: number, isEmphasized = false): ScatterPoint => ({
  ...{ name, x, y, isEmphasized },
});

describe('the Pareto front', () => {
  it('holds what no other point beats in both', () => {
    const points = [point('a', 1, 9), point('b', 2, 5), point('c', 3, 6), point('d', 4, 1)];
    expect(paretoFront(points).map(({ name }) => name)).toEqual(['a', 'b', 'd']);
    expect(paretoFront([...points].reverse()).map(({ name }) => name)).toEqual(['a', 'b', 'd']);
    expect(paretoFront([point('a', 1, 5), point('b', 1, 4)]).map(({ name }) => name)).toEqual([
      'b',
    ]);
    expect(paretoFront([])).toEqual([]);
  });
});

describe('a scatter chart', () => {
  const svg = parseHTML(
    drawScatterChart({
      description: 'Distance & cost',
      ...{ x: 'cost', y: 'distance' },
      points: [point('<one>', 1, 0.1, true), point('two', 10, 0.1), point('three', 100, 0.01)],
      floor: { y: 0.005, name: 'the floor' },
    }),
  ).document.querySelector('svg')!;
  const circles = [...svg.querySelectorAll('circle')].map((circle) => ({
    x: Number(circle.getAttribute('cx')),
    y: Number(circle.getAttribute('cy')),
    fill: circle.getAttribute('fill'),
  }));

  it('draws each point where its logarithms are', () => {
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

  it('names points and floor, safely, and says what it shows', () => {
    const text = svg.textContent!;
    for (const name of ['<one>', 'two', 'three', 'the floor', 'cost', 'distance']) {
      expect(text).toContain(name);
    }
    expect(svg.getAttribute('aria-label')).toBe('Distance & cost');
    expect(svg.querySelector('one')).toBeNull();
  });
});
