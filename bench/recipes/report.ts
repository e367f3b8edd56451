import { type Html, html, page } from 'lethe/report';
import type { RecipeGoal } from './goals.js';
import {
  CHANGE_HEAD,
  changeRows,
  conditionText,
  DATA_HEAD,
  dataRows,
  EXPLANATION,
  goalTitle,
  missedConditions,
  PEER_HEAD,
  peerRows,
  type RecipesReport,
  SHARDS_HEAD,
  shardRows,
} from './tables.js';

/** The bench as one HTML document, which needs no other file. */
export function renderRecipesPage(report: RecipesReport): string {
  const { environment, sets, skipped, goals } = report;
  const { seeds, recipes, peer } = environment;
  return page(
    'Lethe: recipes on many kinds of data',
    html`<h1>Recipes on many kinds of data</h1>
<p class="lead">${sets.length} data sets, seeds ${seeds.join(', ')}. ${EXPLANATION}</p>
<h2>Goals</h2>
${goals.map(goalPart)}
${recipes.map((recipe) => section(html`<h2>${recipe}</h2>`, CHANGE_HEAD, changeRows(sets, recipe)))}
${section(html`<h2>The data sets, and M0</h2>`, DATA_HEAD, dataRows(sets))}
${section(
  html`<h2>${peer ?? ''}</h2>
<p>MLPClassifier with the same hidden layers, trained by Adam, the first seed.</p>`,
  PEER_HEAD,
  peerRows(sets),
)}
${section(
  html`<h2>Small data in three shards</h2>
<p>Sisa with its defaults, 15 made-up owners.</p>`,
  SHARDS_HEAD,
  shardRows(sets),
)}
${skipped.length === 0 ? html`` : html`<h2>Skipped</h2>`}
${skipped.map(({ name, reason }) => html`<p><b>${name}</b>: ${reason}</p>`)}
<h2>Where this was measured</h2>
<dl><dt>Engine</dt><dd>Lethe ${environment.lethe}, ${environment.device}, ${environment.threads} threads</dd>
<dt>Processor</dt><dd>${environment.cpu}, ${environment.platform}</dd>
<dt>Node.js</dt><dd>${environment.node}</dd>
<dt>Took</dt><dd>${environment.seconds.toFixed(0)} s</dd></dl>`,
  );
}

function goalPart(goal: RecipeGoal): Html {
  return html`<p><b>${goalTitle(goal)}</b></p>
${missedConditions(goal).map(
  ({ name, missed }) => html`<p>${name}: ${missed.map(conditionText).join('; ')}</p>
`,
)}`;
}

/** Nothing where nothing was measured. */
function section(title: Html, head: readonly string[], rows: readonly string[][]): Html {
  if (rows.length === 0) return html``;
  return html`${title}
<div class="table"><table>
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}
