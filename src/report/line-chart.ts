import * as Plot from '@observablehq/plot';
import { CHART_SIZE, drawChart } from './chart.js';
import { LABEL_FONT_SIZE, LABEL_GAP } from './label-layout.js';
import { withPlaces } from './label-places.js';

/** One line of a chart, with points from left to right. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface LineChart {
  /** Alternative text: what the chart shows. */
  readonly description: string;
  readonly x: string;
  readonly y: string;
  readonly yScale: 'linear' | 'log';
  /** At most three series; their names stand at their right ends. */
  readonly series: readonly Series[];
}

/** Draws a chart as a self-contained SVG document. */
export function drawLineChart({ description, x, y, yScale, series }: LineChart): string {
  const points = series.flatMap(({ name, points }, index) =>
    points.map((point) => ({ ...point, name, index })),
  );
  const color = ({ index }: { index: number }) => `var(--series-${index})`;
  const last = series.flatMap(({ name, points }, index) =>
    points.slice(-1).map((point) => ({ ...point, name, index })),
  );
  return drawChart((document) =>
    Plot.plot({
      document,
      ...CHART_SIZE,
      className: 'chart',
      ariaLabel: description,
      x: { label: x, labelArrow: 'none', labelAnchor: 'center', zero: true },
      y: {
        label: y,
        labelArrow: 'none',
        grid: true,
        type: yScale,
        zero: yScale === 'linear',
        tickFormat: '~g',
      },
      marks: [
        Plot.line(points, {
          x: 'x',
          y: 'y',
          z: 'index',
          stroke: color,
          strokeWidth: 2,
        }),
        Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 3, title: describePoint }),
        Plot.text(
          last,
          Plot.initializer(
            {
              ...{ x: 'x', y: 'y', text: 'name', fill: color },
              ...{ textAnchor: 'start', fontSize: LABEL_FONT_SIZE, fontWeight: 600 },
            },
            withPlaces(last, (places) => ({
              x: places.map(({ x }) => x + LABEL_GAP),
              y: places.map(({ place }) => place),
            })),
          ),
        ),
      ],
    }),
  );
}

function describePoint({ name, x, y }: { name: string; x: number; y: number }): string {
  return `${name} at ${x}: ${y.toPrecision(3)}`;
}
