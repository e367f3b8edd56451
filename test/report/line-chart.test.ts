import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { drawLineChart, type LineChart } from '#lethe/report/line-chart';

const CHART: LineChart = {
  description: 'Seconds & "more"',
  x: 'rows',
  y: 'Seconds',
  yScale: 'linear',
  series: [
    { name: 'first', points: [1, 2, 3].map((x) => ({ x, y: 10 * x })) },
    { name: '<second>', points: [1, 2, 3].map((x) => ({ x, y: 30 - 10 * x })) },
  ],
};

const draw = (chart: LineChart) => parseHTML(drawLineChart(chart)).document.querySelector('svg')!;

/** The points of the path that is drawn for a series. */
function path(svg: Element, series: number): [x: number, y: number][] {
  const line = svg.querySelector(`path[stroke="var(--series-${series})"]`)!;
  const numbers = line
    .getAttribute('d')!
    .match(/-?[\d.]+/g)!
    .map(Number);
  return numbers.flatMap((value, i) =>
    i % 2 ? [[numbers[i - 1]!, value] as [number, number]] : [],
  );
}

describe('a line chart', () => {
  it('draws each series where its values are', () => {
    const svg = draw(CHART);
    const [first, second] = [path(svg, 0), path(svg, 1)];
    expect(first.map(([x]) => x)).toEqual(second.map(([x]) => x));
    const ys = first.map(([, y]) => y);
    // Downwards is down: larger values are nearer to the top, at equal distances.
    expect(ys[0]! - ys[1]!).toBeCloseTo(ys[1]! - ys[2]!);
    expect(ys[0]).toBeGreaterThan(ys[1]!);
    expect(second[0]![1]).toBeCloseTo(ys[1]!);
    expect(svg.querySelectorAll('circle').length).toBe(6);
  });

  it('spreads a logarithmic scale by ratios', () => {
    const points = [1, 10, 100].map((y, x) => ({ x, y }));
    const ys = path(draw({ ...CHART, yScale: 'log', series: [{ name: 'a', points }] }), 0);
    expect(ys[0]![1] - ys[1]![1]).toBeCloseTo(ys[1]![1] - ys[2]![1]);
  });

  it('stands on its own and says what it shows', () => {
    const svg = draw(CHART);
    expect(svg.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg');
    expect(svg.getAttribute('aria-label')).toBe(CHART.description);
    expect(svg.textContent).toContain('<second>');
    expect(drawLineChart(CHART)).not.toMatch(/<second>|href|url\(/);
  });
});
