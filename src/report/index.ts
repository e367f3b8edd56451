/** `lethe/report`: self-contained pages and charts. */

export { Html, type HtmlValue, html } from './html.js';
export { drawLineChart, type LineChart, type Series } from './line-chart.js';
export { page } from './page.js';
export { drawScatterChart, type ScatterChart, type ScatterPoint } from './scatter-chart.js';
