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
  /** What the chart shows, for whoever cannot see it. */
  readonly description: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly ScatterPoint[];
  /** A horizontal line that is as low as points can be expected to come. */
  readonly floor: { readonly y: number; readonly name: string };
  /** What the points are to be compared with at their x, from left to right. */
  readonly curve: {
    readonly points: readonly { readonly x: number; readonly y: number }[];
    readonly name: string;
  };
}

/** Room for names above each other, and for those of the highest points. */
const HEIGHT = 460;
const INSET = 10;
/** The name of the curve stands at its left end, from where most points are to the right. */
const CURVE_LABEL = { textAnchor: 'end', dx: -LABEL_GAP, fontWeight: 600 } as const;

/** Both axes are logarithmic. */
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
        // From each point to its name, where that had to give way.
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
