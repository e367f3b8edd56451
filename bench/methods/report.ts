import { drawScatterChart, Html, html, page } from 'lethe/report';
import { summarize } from '../support/statistics.js';
import type { MethodGoal } from './goals.js';
import type { DeletionFigures } from './measure.js';
import {
  BESIDE_EXACT,
  conditionCells,
  type MethodsReport,
  methodRows,
  OTHER_DATA_HEAD,
  otherDataRows,
  SEQUENCE_HEAD,
  SHARDED_HEAD,
  sequenceRows,
  shardedRows,
  TABLE_HEAD,
  TUNED_ON,
} from './tables.js';

/** Where a chart puts methods that multiply nothing: its axis is logarithmic. */
const LEAST_COST = 0.01;

/** Fidelity against cost: the divergence from M0 on the forget set over the multiply-adds. */
export function drawFidelity({ title, floor, methods, exactCurve }: DeletionFigures): string {
  const mean = (values: readonly number[]) => summarize(values).mean;
  const points = methods.flatMap(({ name, isExact, runs }) => {
    const y = mean(runs.flatMap(({ judgement }) => judgement.jsForget.value ?? []));
    const x = Math.max(LEAST_COST, mean(runs.map(({ costPercent }) => costPercent)));
    return y > 0 ? [{ name, x, y, isEmphasized: isExact }] : [];
  });
  return drawScatterChart({
    description: `${title}: how far each method is from a retrained model, and what it costs.`,
    x: "Multiply-adds, % of M0's",
    y: 'JS divergence from M0 on the forget set, nats',
    points,
    floor: { y: mean(floor.flatMap(({ jsForget }) => jsForget.value ?? [])), name: 'M0′ to M0' },
    curve: {
      points: exactCurve.map(({ costPercent: x, jsForget: y }) => ({ x, y })),
      name: 'exact retrain, by cost',
    },
  });
}

/** The bench as one HTML document, which needs no other file. */
export function renderMethodsPage(report: MethodsReport): string {
  const { dataset, environment, deletions, otherData, sequence, sharded, goals } = report;
  return page(
    `Lethe: methods of forgetting on ${dataset}`,
    html`<h1>Methods of forgetting, side by side</h1>
<p class="lead">On <b>${dataset}</b>, seeds ${environment.seeds.join(', ')}, mean ± standard deviation. Each with its default
options; those of kfac and lowRank are recipes of this project, tuned on MNIST. M0 is a retrain without the deleted rows; M0′ are further ones, and no method can be asked to come closer
to M0 than they are.</p>
${deletions.map(
  (figures) => html`<h2>${figures.title}</h2>
<figure>${new Html(drawFidelity(figures))}
<figcaption>Further down is closer to a retrained model, further left is cheaper. The line is exactRetrain, trained for a shorter or a longer time: what lies
above it, or above a part of it further left, is farther from M0 than an exact method of at most its cost. In the line's colour: exact methods, whose distance is
only that of another recipe; trained longer than by default they become surer than M0, and so more distant.</figcaption></figure>
${table(
  TABLE_HEAD,
  methodRows(figures),
  `${figures.forgetRows.toLocaleString('en')} rows deleted, ${figures.retainRows.toLocaleString('en')} left`,
)}`,
)}
${section(
  html`<h2>exactRetrain on other data</h2>
<p>Its automatic rules, untouched, where 40 % of the rows are deleted; differences of accuracies to M0's, the means and the smallest of any seed.</p>`,
  OTHER_DATA_HEAD,
  otherDataRows(otherData),
)}
${section(
  html`<h2>Requests in a row</h2>
<p>Users ask one after the other; every difference is to a fresh retrain without all who have asked so far. The last two columns are what all requests together took,
in seconds and in retrains by M0's recipe.</p>`,
  SEQUENCE_HEAD,
  sequenceRows(sequence),
)}
${section(
  html`<h2>Shards of whole owners</h2>
<p>100 Zipf users, each in one shard. A request retrains the shards that it touches: what that is expected to cost, in % of M0's multiply-adds on all rows,
if each user is as likely to ask, or each row; and what one user has cost.</p>`,
  SHARDED_HEAD,
  shardedRows(sharded),
)}
<h2>Goals</h2>
<p>${TUNED_ON} Where a bound is stated for the top user alone, on another it gives way to the floor of the same rows.</p>
${goals.flatMap(goalList)}
<h2>What the numbers mean, and what they do not</h2>
<p>None of the approximate methods gives a guarantee; a number that looks like M0's is no proof that a row is forgotten, only that this measure does not find
it. Exact methods need no measure: these show what their recipe costs in quality.</p>
<p>Entropy, calibrated AUC and relearning move with the training recipe: an exact retrain by another recipe than M0's differs in them, although it knows no
forgotten row. Against its own recipe (another exactRetrain in M0's place, further ones to calibrate with) both AUCs are near 0.5.</p>
<p>${BESIDE_EXACT}</p>
<h2>Where this was measured</h2>
<dl><dt>Engine</dt><dd>Lethe ${environment.lethe}, ${environment.device}, ${environment.threads} threads</dd>
<dt>Processor</dt><dd>${environment.cpu}, ${environment.platform}</dd>
<dt>Node.js</dt><dd>${environment.node}</dd>
<dt>Took</dt><dd>${environment.seconds.toFixed(0)} s</dd></dl>`,
  );
}

/** Nothing where nothing was measured. */
function section(introduction: Html, head: readonly string[], rows: readonly string[][]): Html {
  return rows.length === 0
    ? html``
    : html`${introduction}
${table(head, rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], caption = ''): Html {
  return html`<div class="table"><table>
${caption === '' ? [] : html`<caption>${caption}</caption>`}
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}

function goalList({ id, method, elsewhere, ...first }: MethodGoal): Html[] {
  const all = [first, ...(elsewhere ?? [])];
  return all.map(({ on, conditions }) => {
    if (!conditions) return html`<p><b>${id}</b>: not measured.</p>`;
    return html`<div class="table"><table><caption>${id}${on ? `, ${on}` : ''}: ${method ?? ''}</caption>
<tbody>${conditions.map((condition) => {
      const [value = '', bound = ''] = conditionCells(condition);
      return html`<tr><th scope="row">${condition.name}</th><td>${value}</td>
<td>${bound}</td><td>${condition.isMet ? 'met' : 'missed'}</td></tr>
`;
    })}</tbody></table></div>`;
  });
}
