import type { plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

type HtmlDocument = ReturnType<typeof parseHTML>['document'];
type Chart = ReturnType<typeof plot>;

/** Room for axis labels on the left and below, and for names on the right. */
export const CHART_SIZE = {
  width: 640,
  height: 360,
  marginLeft: 56,
  marginRight: 130,
  marginBottom: 44,
} as const;

/** A page with its own background sets --chart-background. */
const STYLE = `
.chart {
  --series-0: #0b6e99;
  --series-1: #c2410c;
  --series-2: #1f2933;
  background: var(--chart-background, #fff);
  color: #1f2933;
  font: 13px system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  .chart {
    --series-0: #4cc2f1;
    --series-1: #ff9b5e;
    --series-2: #e4e7eb;
    background: var(--chart-background, #12181f);
    color: #e4e7eb;
  }
}`;

/** Draws a chart in a new document and returns it as a self-contained SVG document. */
export function drawChart(draw: (document: HtmlDocument) => Chart): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const chart = draw(document);
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  chart.setAttribute('role', 'img');
  const style = document.createElement('style');
  style.textContent = STYLE;
  chart.append(style);
  return chart.outerHTML;
}
