import { describe, expect, it } from 'vitest';
import { type Results, summarizeTables } from '#lethe/bench/results';
import type { ModelFigures } from '#lethe/bench/study';
import { renderTables } from '#lethe/bench/tables';

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

function settings(seed: number) {
  const table = (model: number) => ({
    base: figures(seed, model, { train: 3 }),
    M0: figures(seed, model + 1, { train: 2 }),
    M2: figures(seed, model + 2, { fisher: 0.125, scrub: 0.5 }),
  });
  return { zipf: table(1), exclusive: table(4) };
}

const tables = summarizeTables([settings(0), settings(2)]);

const results: Results = {
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
  tables,
  onnx: { runtime: 'toy runtime 1', models: 6, rows: 77, agreement: 1, maxAbsDiff: 2e-5 },
};

describe('summarizeTables', () => {
  it('summarizes each figure over the seeds', () => {
    expect(tables.zipf.M0.retain).toEqual({ mean: 21, sd: Math.SQRT2, runs: [20, 22] });
    expect(tables.exclusive.base.test.runs).toEqual([40.5, 42.5]);
  });

  it('keeps the phases beside the total', () => {
    expect(tables.zipf.M2.seconds.mean).toBe(0.625);
    expect(tables.zipf.M2.phases.fisher?.mean).toBe(0.125);
    expect(Object.keys(tables.zipf.M2.phases)).toEqual(['fisher', 'scrub']);
  });
});

describe('renderTables', () => {
  const text = renderTables(results);

  it('names the data set, the machine and what the models were checked with', () => {
    for (const part of [
      'Toy digits',
      '2 seeds',
      'cpu toy',
      'Toy CPU',
      'toy runtime 1',
      '77 rows',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('shows mean and deviation of every figure, and the phases of the scrub', () => {
    for (const model of [11, 21, 31, 41, 51, 61]) {
      for (const figure of [0, 0.25, 0.5, 0.75]) {
        expect(text).toContain(`${(model + figure).toFixed(2)} ± 1.41`);
      }
    }
    expect(text).toContain('fisher 0.125, scrub 0.500');
  });

  it("shows the study's recorded figures", () => {
    for (const recorded of [
      '98.47',
      '96.90',
      '91.61',
      '39.37',
      '98.91',
      '95.63',
      '39.82',
      '53.53',
    ]) {
      expect(text).toContain(recorded);
    }
  });

  it('shows a peer beside us', () => {
    const withPeer = renderTables({ ...results, peers: { Peer: { version: '1', tables } } });
    expect(withPeer).toContain('Peer: M2, Fisher scrub');
  });
});
