/** Room for axis labels on the left and below, and for names on the right. */
export const CHART_SIZE = {
  width: 640,
  height: 360,
  marginLeft: 56,
  marginRight: 130,
  marginBottom: 44,
} as const;

/** A page that has a background of its own sets --chart-background. */
export const CHART_STYLE = `
.chart {
  --series-0: #0b6e99;
  --series-1: #c2410c;
  background: var(--chart-background, #fff);
  color: #1f2933;
  font: 13px system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  .chart {
    --series-0: #4cc2f1;
    --series-1: #ff9b5e;
    background: var(--chart-background, #12181f);
    color: #e4e7eb;
  }
}`;
