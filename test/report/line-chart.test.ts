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

/** The points of a series' path. */
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

/** WCAG 2.2: the ratio of the relative luminances of two colours. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = color.match(/[0-9a-f]{2}/g)!.map((pair) => {
    const channel = Number.parseInt(pair, 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

describe('a line chart', () => {
  it('draws each series where its values are', () => {
    const svg = draw(CHART);
    const [first, second] = [path(svg, 0), path(svg, 1)];
    expect(first.map(([x]) => x)).toEqual(second.map(([x]) => x));
    const ys = first.map(([, y]) => y);
    // y points down: larger values are nearer to the top, at equal distances.
    expect(ys[0]! - ys[1]!).toBeCloseTo(ys[1]! - ys[2]!);
    expect(ys[0]).toBeGreaterThan(ys[1]!);
    expect(second[0]![1]).toBeCloseTo(ys[1]!);
    expect(svg.querySelectorAll('circle').length).toBe(6);
  });

  it('spaces a logarithmic scale by ratios', () => {
    const points = [1, 10, 100].map((y, x) => ({ x, y }));
    const ys = path(draw({ ...CHART, yScale: 'log', series: [{ name: 'a', points }] }), 0);
    expect(ys[0]![1] - ys[1]![1]).toBeCloseTo(ys[1]![1] - ys[2]![1]);
  });

  it('keeps the names of series apart that end at the same point', () => {
    const names = ['one', 'two', 'three'];
    const series = names.map((name) => ({ name, points: [{ x: 1, y: 5 }] }));
    const texts = [...draw({ ...CHART, series }).querySelectorAll('text')];
    const ys = names.map((name) => {
      const label = texts.find(({ textContent }) => textContent === name)!;
      return Number(/,(-?[\d.]+)/.exec(label.getAttribute('transform')!)![1]);
    });
    const gaps = ys.toSorted((a, b) => a - b).map((y, i, all) => y - (all[i - 1] ?? -Infinity));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(11);
  });

  it.each([
    { theme: 'light', background: '#ffffff' },
    { theme: 'dark', background: '#151c23' },
  ])('can be read and told apart on a $theme page', ({ theme, background }) => {
    const [light, dark] = drawLineChart(CHART).split('@media (prefers-color-scheme: dark)');
    const style = theme === 'light' ? light! : dark!;
    const series = [0, 1, 2].map(
      (index) => new RegExp(`--series-${index}: (#[0-9a-f]{6})`).exec(style)![1]!,
    );
    expect(new Set(series).size).toBe(3);
    // WCAG 2.2, 1.4.3 applies, because the names of the series are text.
    for (const color of series) expect(contrast(color, background)).toBeGreaterThan(4.5);
  });

  it('is self-contained and has alternative text', () => {
    const svg = draw(CHART);
    expect(svg.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg');
    expect(svg.getAttribute('aria-label')).toBe(CHART.description);
    expect(svg.textContent).toContain('<second>');
    expect(drawLineChart(CHART)).not.toMatch(/<second>|href|url\(/);
  });
});
