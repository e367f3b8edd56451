import { type BenchSet, type MadeSet, MissingData, type Sources } from '../data/bench-set.js';
import {
  type CommonFlags,
  commonCommand,
  computeFlags,
  describeMachine,
  parseNames,
  parseSeeds,
  threadsOf,
} from '../support/command-line.js';
import type { Progress } from '../support/progress.js';
import { runReportBench } from '../support/report-bench.js';
import { changeOf } from './changes.js';
import { type RecipeEntry, selectRecipes } from './entries.js';
import { goalsOf } from './goals.js';
import { measureSet, type SetFigures } from './measure.js';
import { MlpPeer } from './mlp-peer.js';
import { renderRecipesPage } from './report.js';
import { selectSets } from './selection.js';
import { type RecipesReport, renderRecipes, type SkippedSet } from './tables.js';

interface Flags extends CommonFlags {
  readonly data?: string;
  readonly seeds: readonly number[];
  readonly only?: readonly string[];
  readonly recipes?: readonly string[];
  readonly peers: boolean;
  readonly python: string;
}

function parseFlags(): Flags {
  const flags = commonCommand(
    'bench:recipes',
    'Judges training recipes on many kinds of data, against the defaults of Model.train.',
    'the first seed, and 10 data sets',
  )
    .option('--seeds <list>', 'e.g. 60-62', parseSeeds, [60, 61, 62])
    .option('--only <names>', 'only these data sets, or kinds of them, e.g. text,iris', parseNames)
    .option('--recipes <names>', 'only these recipes, e.g. fast,plain', parseNames)
    .option('--peers', "scikit-learn's MLPClassifier too, with the first seed", false)
    .option('--python <path>', 'the Python that has scikit-learn', '/usr/bin/python3')
    .parse()
    .opts<Flags>();
  return { ...flags, seeds: flags.quick ? flags.seeds.slice(0, 1) : flags.seeds };
}

async function measure(flags: Flags, progress: Progress): Promise<RecipesReport> {
  const startedAt = performance.now();
  const compute = computeFlags(flags);
  const { seeds, data } = flags;
  const entries = selectSets(flags.only, flags.quick);
  const recipes = selectRecipes(flags.recipes);
  const peer = flags.peers ? await MlpPeer.start(flags.python, threadsOf(compute)) : undefined;
  const sources: Sources = data === undefined ? {} : { mnist: data };
  const sets: SetFigures[] = [];
  const skipped: SkippedSet[] = [];
  const onStage = (stage: string) => progress.stage(stage);
  try {
    for (const entry of entries) {
      onStage(`${entry.name} · making`);
      const made = await makeOrSkip(entry, sources, skipped);
      if (!made) progress.say(`${entry.name} is skipped: ${skipped.at(-1)!.reason}`);
      else sets.push(await measureSet(entry, made, { recipes, seeds, compute, peer, onStage }));
    }
  } finally {
    peer?.close();
  }
  return {
    environment: {
      ...describeMachine(compute),
      ...{ seeds, recipes: recipes.map(nameOf), peer: peer?.version ?? null },
      seconds: (performance.now() - startedAt) / 1000,
    },
    sets: sets.map((figures) => ({ ...figures, changes: changesOf(figures) })),
    ...{ skipped, goals: goalsOf(sets) },
  };
}

async function makeOrSkip(
  { name, make }: BenchSet,
  sources: Sources,
  skipped: SkippedSet[],
): Promise<MadeSet | undefined> {
  try {
    return await make(sources);
  } catch (error) {
    if (!(error instanceof MissingData)) throw error;
    skipped.push({ name, reason: error.message });
    return undefined;
  }
}

function changesOf(figures: SetFigures) {
  return Object.fromEntries(
    figures.recipes.map((recipe) => [recipe.name, changeOf(figures, recipe)]),
  );
}

const nameOf = ({ name }: RecipeEntry) => name;

await runReportBench({
  ...{ name: 'recipes', parseFlags, measure },
  renderText: renderRecipes,
  renderPage: renderRecipesPage,
});
