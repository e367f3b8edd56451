import { describe, expect, it } from 'vitest';
import { summarizeTables } from '../../study/results.js';
import { renderTables } from '../../study/tables.js';
import { toyResults as results, toySettings } from './toy-results.js';

const { tables } = results;

describe('summarizeTables', () => {
  it('summarizes each figure over the seeds', () => {
    expect(tables.zipf.M0.retain).toEqual({ mean: 21, sd: Math.SQRT2, runs: [20, 22] });
    expect(tables.exclusive.base.test.runs).toEqual([50.5, 52.5]);
  });

  it('keeps the phases beside the total', () => {
    expect(tables.zipf.M2.seconds.mean).toBe(0.625);
    expect(tables.zipf.M2.phases.fisher?.mean).toBe(0.125);
    expect(Object.keys(tables.zipf.M2.phases)).toEqual(['fisher', 'scrub']);
  });

  it('counts a phase that a seed did without as no time', () => {
    const [first, second] = [toySettings(0), toySettings(2)];
    const { score, ...seconds } = second.zipf.exact.seconds;
    const zipf = { ...second.zipf, exact: { ...second.zipf.exact, seconds } };
    const { phases } = summarizeTables([first, { ...second, zipf }]).zipf.exact;
    expect(phases.score!.runs).toEqual([score, 0]);
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
    for (const model of [11, 21, 31, 41, 51, 61, 71, 81]) {
      for (const figure of [0, 0.25, 0.5, 0.75]) {
        expect(text).toContain(`${(model + figure).toFixed(2)} ± 1.41`);
      }
    }
    expect(text).toContain('fisher 0.125, scrub 0.500');
    expect(text).toContain('project 0.250, score 0.063, train 0.125');
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

  it('shows a peer beside us, which has no exactRetrain', () => {
    const { base, M0, M2 } = tables.zipf;
    const studied = { zipf: { base, M0, M2 }, exclusive: { base, M0, M2 } };
    const withPeer = renderTables({
      ...results,
      peers: { Peer: { version: '1', tables: studied } },
    });
    expect(withPeer).toContain('Peer: M2, Fisher scrub');
    expect(withPeer).toContain('Lethe: exact, exactRetrain');
    expect(withPeer).not.toContain('Peer: exact');
  });
});
