import * as Plot from '@observablehq/plot';
import { CHART_SIZE, drawChart } from './chart.js';
import { LABEL_FONT_SIZE, LABEL_GAP } from './label-layout.js';
import { withPlaces } from './label-places.js';

export interface ScatterPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly isEmphasized: boolean;
}

export interface ScatterChart {
  /** Alternative text: what the chart shows. */
  readonly description: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly ScatterPoint[];
  /** A horizontal line at the lowest y that points can be expected to reach. */
  readonly floor: { readonly y: number; readonly name: string };
  /** A line to compare the points with, its points from left to right. */
  readonly curve: {
    readonly points: readonly { readonly x: number; readonly y: number }[];
    readonly name: string;
  };
}

/** Leaves room for stacked names. */
const HEIGHT = 460;
const INSET = 10;
/** The curve's name stands at its left end, because most points are further to the right. */
const CURVE_LABEL = { textAnchor: 'end', dx: -LABEL_GAP, fontWeight: 600 } as const;

/** Draws a chart with logarithmic axes as a self-contained SVG document. */
export function drawScatterChart(chart: ScatterChart): string {
  const { description, x, y, points, floor, curve } = chart;
  const color = ({ isEmphasized }: ScatterPoint) => `var(--series-${Number(!isEmphasized)})`;
  const curveColor = 'var(--series-0)';
  return drawChart((document) =>
    Plot.plot({
      document,
      ...CHART_SIZE,
      height: HEIGHT,
      inset: INSET,
      className: 'chart',
      ariaLabel: description,
      x: { label: x, labelArrow: 'none', labelAnchor: 'center', type: 'log', tickFormat: '~g' },
      y: { label: y, labelArrow: 'none', type: 'log', grid: true, tickFormat: '~g' },
      marks: [
        Plot.ruleY([floor], { y: 'y', stroke: 'currentColor', strokeDasharray: '4 4' }),
        Plot.text([floor], {
          ...{ y: 'y', text: 'name', frameAnchor: 'right', textAnchor: 'end', dy: -6 },
        }),
        Plot.line(curve.points, { x: 'x', y: 'y', stroke: curveColor, strokeWidth: 2 }),
        Plot.text(curve.points.slice(0, 1), {
          ...{ x: 'x', y: 'y', text: [curve.name], fill: curveColor, ...CURVE_LABEL },
        }),
        // A line from each point to its name, visible if the name had to move.
        Plot.link(
          points,
          Plot.initializer(
            { x1: 'x', y1: 'y', x2: 'x', y2: 'y', stroke: color, strokeOpacity: 0.6 },
            withPlaces(points, (places) => ({
              x2: places.map(({ x, y, place }) => (place === y ? x : x + LABEL_GAP)),
              y2: places.map(({ place }) => place),
            })),
          ),
        ),
        Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 4 }),
        Plot.text(
          points,
          Plot.initializer(
            {
              ...{ x: 'x', y: 'y', text: 'name', fill: color },
              ...{ textAnchor: 'start', fontSize: LABEL_FONT_SIZE },
            },
            withPlaces(points, (places) => ({
              x: places.map(({ x }) => x + LABEL_GAP),
              y: places.map(({ place }) => place),
            })),
          ),
        ),
      ],
    }),
  );
}
