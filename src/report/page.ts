import { Html, html } from './html.js';

/** The style of every report: light or dark as the system is, printable, without scripts. */
const STYLE = `
:root {
  color-scheme: light dark;
  --background: #fbfbfa; --surface: #fff; --text: #1f2933; --muted: #5b6770; --line: #dfe3e6;
  --accent: #0b6e99; --chart-background: transparent;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0d1217; --surface: #151c23; --text: #e4e7eb; --muted: #9aa5b1;
    --line: #2a343d; --accent: #4cc2f1;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 72rem;
  background: var(--background); color: var(--text); font: 16px/1.55 system-ui, sans-serif;
}
h1 { margin: 0 0 .25rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 2.75rem 0 .5rem; font-size: 1.25rem; }
p { margin: .5rem 0; max-width: 46rem; }
.lead, figcaption, caption { color: var(--muted); }
.tiles { display: grid; gap: .75rem; margin: 1.5rem 0; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
.tile, figure, .table { background: var(--surface); border: 1px solid var(--line); border-radius: .6rem; }
.tile { padding: .9rem 1rem; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: .875rem; }
.table { overflow-x: auto; margin: 1rem 0; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { padding: .75rem 1rem; text-align: left; }
th, td { padding: .45rem .75rem; border-top: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.table .list { white-space: normal; text-align: left; }
.list span { display: inline-block; margin-right: .5rem; white-space: nowrap; }
tr.recorded { color: var(--muted); }
thead th { font-weight: 600; color: var(--muted); }
figure { margin: 1rem 0; padding: 1rem; max-width: 62rem; }
figure svg { width: 100%; height: auto; }
figcaption { margin-top: .5rem; font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; font-size: .9rem; }
dt { color: var(--muted); }
dd { margin: 0; }
details { margin-top: .5rem; font-size: .875rem; }
summary { cursor: pointer; color: var(--accent); }
@media print { body { max-width: none; padding: 0; } figure, .table { break-inside: avoid; } }
`;

/** A self-contained HTML document. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
