import { drawLineChart, Html, html, page } from 'lethe/report';
import { DELETED_ROWS, FIGURE_NAMES, type FigureName, type FigurePoint, RUNS } from './figures.js';
import type { Results } from './results.js';
import { SETTINGS } from './settings.js';
import { PHASES_HEAD, TABLE_HEAD, tableRows } from './tables.js';

interface FigureText {
  readonly title: string;
  readonly x: string;
  readonly yScale: 'linear' | 'log';
  readonly caption: string;
}

const FIGURES: Readonly<Record<FigureName, FigureText>> = {
  scalability: {
    title: 'Figure 1: how the methods scale',
    x: 'Share of the data set, %',
    yScale: 'linear',
    caption:
      `${DELETED_ROWS} rows are deleted, whatever the total. Retraining, of either kind, grows with what is left; ` +
      'the scrub reads a fixed number of rows. Recorded by the study: M0 up to about 54 s, M2 about 0.2 s.',
  },
  deletion: {
    title: 'Figure 2: how much is deleted',
    x: 'Deleted share of the data set, %',
    yScale: 'linear',
    caption:
      'From the whole data set. The less is left, the cheaper is retraining; the scrub stops after 50 ' +
      'steps. Recorded by the study: M0 from about 60 s down to about 6 s, M2 about 1.5 s.',
  },
  zipf: {
    title: 'Figure 3: the largest owners leave',
    x: 'Number of deleted users, of 100',
    yScale: 'log',
    caption:
      'Ownership by Zipf, the largest owners deleted first. Where a line of retraining crosses that of the scrub, ' +
      'the exact method becomes the cheaper one too. Recorded by the study: M0 33.5 s for one user, 10 s for ten; a ' +
      'crossing with M2 near 60.',
  },
};

/** In the colours of every chart: what is exact and fast first, what it is measured by last. */
const METHODS = [
  { key: 'exact', name: 'exactRetrain' },
  { key: 'M2', name: 'M2, scrub' },
  { key: 'M0', name: 'M0, retraining' },
] as const;

/** The figures as SVG documents, by name; empty where none were measured. */
export function drawFigures({ figures }: Results): Map<FigureName, string> {
  if (!figures) return new Map();
  return new Map(FIGURE_NAMES.map((name) => [name, drawFigure(name, figures[name])]));
}

function drawFigure(name: FigureName, points: readonly FigurePoint[]): string {
  const { title, x, yScale } = FIGURES[name];
  return drawLineChart({
    description: `${title}. Seconds that exactRetrain, the scrub M2 and retraining M0 take.`,
    x,
    y: 'Seconds',
    yScale,
    series: METHODS.map(({ key, name }) => ({
      name,
      points: points.map((point) => ({ x: point.x, y: point[key] })),
    })),
  });
}

/** The whole study as one HTML document, which needs no other file. */
export function renderReport(results: Results, drawn: ReadonlyMap<FigureName, string>): string {
  const { dataset, environment } = results;
  const { seeds } = environment;
  return page(
    `Lethe: the reference study on ${dataset.name}`,
    html`<h1>Forgetting, measured</h1>
<p class="lead">The reference study (Cui, Li, Lu, Wei, 2025) on <b>${dataset.name}</b>:
${dataset.trainRows.toLocaleString('en')} training and ${dataset.testRows.toLocaleString('en')} test rows,
${seeds.length === 1 ? `seed ${seeds[0]!}` : `${seeds.length} seeds, mean ± standard deviation`}.</p>
${tiles(results)}
<h2>Who leaves, and what it costs</h2>
${Object.values(SETTINGS).map(
  (setting) => html`<div class="table"><table>
<caption>${setting.title}</caption>
<thead><tr>${TABLE_HEAD.map((text) => html`<th scope="col">${text}</th>`)}<th scope="col" class="list">${PHASES_HEAD}</th></tr></thead>
<tbody>${tableRows(results, setting.name).map(
    ({ isRecorded, cells: [name = '', ...cells], phases }) =>
      html`<tr class="${isRecorded ? 'recorded' : 'measured'}"><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}<td class="list">${phases.map((phase) => html`<span>${phase}</span>`)}</td></tr>
`,
  )}</tbody></table></div>`,
)}
<p class="lead">Recorded: the study's own single run, on MNIST and a Colab GPU. The weight distance is to M0 of the same seed.</p>
${[...drawn].map(([name, svg]) => figure(name, svg, results.figures![name]))}
${meaning()}
<h2>Where this was measured</h2>
${facts(results)}`,
  );
}

function tiles({ tables, onnx }: Results): Html {
  const { M0, M2, exact } = tables.zipf;
  const tile = (value: string, text: string) =>
    html`<div class="tile"><b>${value}</b><span>${text}</span></div>`;
  return html`<div class="tiles">
${tile(`${M0.seconds.mean.toFixed(2)} s`, 'to retrain without the largest owner (M0): exact')}
${tile(`${M2.seconds.mean.toFixed(3)} s`, 'to scrub instead (M2): approximate, without a guarantee')}
${tile(`${exact.seconds.mean.toFixed(3)} s`, 'to retrain by exactRetrain: as exact as M0')}
${tile(`${(100 * onnx.agreement).toFixed(2)} %`, `of ${onnx.rows.toLocaleString('en')} predictions confirmed by ONNX Runtime`)}
${tile(onnx.maxAbsDiff.toExponential(1), 'largest difference of a logit')}
</div>`;
}

function figure(name: FigureName, svg: string, points: readonly FigurePoint[]): Html {
  const { title, x, caption } = FIGURES[name];
  return html`<h2>${title}</h2>
<figure id="${name}">${new Html(svg)}
<figcaption>${caption} Each point is the median of ${RUNS} runs.</figcaption>
<details><summary>Figures</summary><table>
<thead><tr><th scope="col">${x}</th>${METHODS.map((method) => html`<th scope="col">${method.name}, s</th>`)}</tr></thead>
<tbody>${points.map(
    (point) =>
      html`<tr><th scope="row">${point.x}</th>${METHODS.map(({ key }) => html`<td>${point[key].toFixed(3)}</td>`)}</tr>
`,
  )}</tbody></table></details>
</figure>`;
}

function meaning(): Html {
  return html`<h2>What the numbers mean, and what they do not</h2>
<p><b>M0, retraining</b> is exact: a fresh model that has never seen the deleted rows. What it scores on them is what
any model scores on rows of that kind; an exclusive owner's class is gone, another user's digits look like everyone's.</p>
<p><b>exactRetrain</b> is exact, too: a fresh model that has never seen the deleted rows, trained by a faster recipe. It is not M0's twin, but
its equal: compare it with models of its own recipe.</p>
<p><b>M2, the study's Fisher scrub</b> gives no guarantee. It pulls its predictions on the deleted rows towards uniform, which no
retrained model does: whoever may query it can see who was erased. A low forget accuracy in table 2 is not forgetting.</p>
<p><b>Weight distance</b> says nothing about forgetting: two retrained models are as far apart as a scrubbed one from a
retrained one.</p>
<p><b>ONNX Runtime</b> confirms that the exported models compute what the engine claims, row by row. It says
nothing about forgetting either.</p>
<p><b>Seconds</b> belong to one machine in one run; compare ratios, not runs.</p>`;
}

function facts({ environment, onnx }: Results): Html {
  const entries: [string, string][] = [
    ['Engine', `Lethe ${environment.lethe}, ${environment.device}, ${environment.threads} threads`],
    ['Processor', `${environment.cpu}, ${environment.cores} cores, ${environment.platform}`],
    ['Node.js', environment.node],
    ['Verified by', `${onnx.runtime}, ${onnx.models} models`],
    ['Seeds', environment.seeds.join(', ')],
    ['Started', environment.startedAt],
    [
      'Took',
      `${environment.seconds.toFixed(0)} s, at most ${environment.peakMemoryMiB.toFixed(0)} MiB`,
    ],
  ];
  return html`<dl>${entries.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
  )}</dl>`;
}
