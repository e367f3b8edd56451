import { type Results, summarizeTables } from '../../study/results.js';
import type { ModelFigures, SettingFigures } from '../../study/study.js';

/** Figures that can be told apart wherever they turn up. */
function figures(seed: number, model: number, phases: Record<string, number>): ModelFigures {
  const base = 10 * model + seed;
  return {
    retain: base,
    forget: base + 0.25,
    test: base + 0.5,
    weightDistance: base + 0.75,
    seconds: { ...phases, total: Object.values(phases).reduce((a, b) => a + b) },
  };
}

export function toySettings(seed: number): SettingFigures {
  const table = (model: number) => ({
    base: figures(seed, model, { train: 3 }),
    M0: figures(seed, model + 1, { train: 2 }),
    M2: figures(seed, model + 2, { fisher: 0.125, scrub: 0.5 }),
    exact: figures(seed, model + 3, { project: 0.25, score: 0.0625, train: 0.125 }),
  });
  return { zipf: table(1), exclusive: table(5) };
}

export const toyResults: Results = {
  dataset: { name: 'Toy digits', trainRows: 6, testRows: 4, columns: 2, classes: 3 },
  environment: {
    lethe: '0',
    node: 'v0',
    platform: 'toy',
    cpu: 'Toy CPU',
    cores: 2,
    device: 'cpu toy',
    threads: 2,
    seeds: [0, 2],
    startedAt: '',
    seconds: 1,
    peakMemoryMiB: 1,
  },
  tables: summarizeTables([toySettings(0), toySettings(2)]),
  onnx: { runtime: 'toy runtime 1', models: 6, rows: 77, agreement: 1, maxAbsDiff: 2e-5 },
};
