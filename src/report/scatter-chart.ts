import * as Plot from '@observablehq/plot';
import { CHART_SIZE, drawChart } from './chart.js';

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
}

/** Both axes are logarithmic; the line joins the points that no other is better than in both. */
export function drawScatterChart({ description, x, y, points, floor }: ScatterChart): string {
  const color = ({ isEmphasized }: ScatterPoint) => `var(--series-${Number(!isEmphasized)})`;
  return drawChart((document) =>
    Plot.plot({
      document,
      ...CHART_SIZE,
      className: 'chart',
      ariaLabel: description,
      x: { label: x, labelArrow: 'none', labelAnchor: 'center', type: 'log', tickFormat: '~g' },
      y: { label: y, labelArrow: 'none', type: 'log', grid: true, tickFormat: '~g' },
      marks: [
        Plot.ruleY([floor], { y: 'y', stroke: 'currentColor', strokeDasharray: '4 4' }),
        Plot.text([floor], {
          ...{ y: 'y', text: 'name', frameAnchor: 'right', textAnchor: 'end', dy: -6 },
        }),
        Plot.line(paretoFront(points), {
          x: 'x',
          y: 'y',
          stroke: 'currentColor',
          strokeOpacity: 0.5,
        }),
        Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 4 }),
        Plot.text(points, {
          x: 'x',
          y: 'y',
          text: 'name',
          fill: color,
          textAnchor: 'start',
          dx: 7,
        }),
      ],
    }),
  );
}

/** The points that no other is at most as far right and as high as, from left to right. */
export function paretoFront(points: readonly ScatterPoint[]): ScatterPoint[] {
  const front: ScatterPoint[] = [];
  for (const point of [...points].sort((a, b) => a.x - b.x || a.y - b.y)) {
    if (front.length === 0 || point.y < front.at(-1)!.y) front.push(point);
  }
  return front;
}
