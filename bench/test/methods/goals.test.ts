import { describe, expect, it } from 'vitest';
import { goalsOf, type MethodGoal } from '../../methods/goals.js';
import { METRICS } from '../../methods/judge.js';
import type { DeletionFigures } from '../../methods/measure.js';

describe('a goal', () => {
  const metric = (value: number) => ({ value });
  const judgement = (change: object) => ({
    ...Object.fromEntries(METRICS.map((name) => [name, metric(0)])),
    ...change,
  });
  const method = (name: string, isExact: boolean, change: object, costPercent: number) => ({
    ...{ name, isExact, diverged: 0 },
    runs: [{ seed: 1, judgement: judgement(change), costPercent, seconds: 1, secondsPercent: 5 }],
  });
  const deletion = (title: string, ...methods: object[]) => ({
    ...{ deletion: { kind: 'user', rank: 0 }, title, forgetRows: 1, retainRows: 1 },
    floor: [0.2, 0.4].map((gap) => judgement({ jsForget: metric(0.006), gap: metric(gap) })),
    methods: [method('retrain', true, { retain: metric(98), test: metric(96) }, 100), ...methods],
  });
  const figures = (exact: object, cost: number) =>
    [deletion('a user', method('exactRetrain', true, exact, cost))] as unknown as DeletionFigures[];
  const good = {
    retain: metric(97.95),
    test: metric(96.3),
    gap: metric(-0.1),
    jsForget: metric(0.008),
  };
  const missed = (of: DeletionFigures[]) =>
    goalsOf(of)[0]!
      .conditions!.filter(({ isMet }) => !isMet)
      .map(({ name }) => name);

  it('is met within its bounds', () => expect(missed(figures(good, 2.9))).toEqual([]));

  it('is not missed by rounding', () => {
    expect(missed(figures({ ...good, retain: metric(97.9 - 1e-13) }, 3 + 1e-13))).toEqual([]);
  });

  it.each([
    [{}, 3.1, "% of M0's multiply-adds"],
    [{ retain: metric(97.8) }, 2, 'retain'],
    [{ test: metric(96.1) }, 2, 'test'],
    [{ gap: metric(0.1) }, 2, 'gap'],
    [{ jsForget: metric(0.009) }, 2, 'JS on the forget set'],
  ])('is missed beyond %j, %d', (change, cost, name) => {
    expect(missed(figures({ ...good, ...change }, cost))).toEqual([name]);
  });

  it('is held against the floor of JS', () => {
    expect(goalsOf(figures(good, 2))[0]).toMatchObject({ value: 0.008, floor: 0.006 });
  });

  it('says what is hoped for beyond it', () => {
    const stretch = (cost: number) => goalsOf(figures(good, cost))[0]!.conditions!.slice(1, 3);
    expect(stretch(2.4)).toMatchObject([
      { bound: 3, stretch: 2.5, isStretchMet: true },
      { bound: 8, stretch: 4, isMet: true, isStretchMet: false },
    ]);
    expect(stretch(2.6)[0]).toMatchObject({ isMet: true, isStretchMet: false });
  });

  it('is missed where a seed diverged, on the first deletion or another', () => {
    const some = { ...method('exactRetrain', true, good, 2), diverged: 2 };
    const none = { ...some, runs: [], diverged: 5 };
    const both = [deletion('first', some), deletion('second', none)];
    const [{ conditions, elsewhere }] = goalsOf(both as unknown as DeletionFigures[]) as [
      MethodGoal,
    ];
    expect(conditions![0]).toMatchObject({ name: 'seeds that diverged', value: 2, isMet: false });
    expect(conditions!.slice(1).every(({ isMet }) => isMet)).toBe(true);
    expect(elsewhere).toEqual([
      {
        ...{ on: 'second', value: null, floor: null },
        conditions: [{ name: 'seeds that diverged', value: 5, bound: 0, isMet: false }],
      },
    ]);
  });

  it('is held to the floor where its numbers are about another user', () => {
    const exact = (gap: number) =>
      method('exactRetrain', true, { ...good, gap: metric(gap), jsForget: metric(0.007) }, 2);
    const both = [
      deletion('first', exact(0.1)),
      deletion('second', exact(0.5)),
    ] as unknown as DeletionFigures[];
    const { on, conditions, elsewhere } = goalsOf(both)[0]!;
    expect(on).toBe('first');
    const missedOf = (of: typeof conditions) =>
      of!.filter(({ isMet }) => !isMet).map(({ name }) => name);
    expect(missedOf(conditions)).toEqual(['gap']);
    expect(elsewhere!.map(({ on }) => on)).toEqual(['second']);
    // The mean of 0.2 and 0.4 plus twice their standard deviation, the square root of 0.02.
    const bound = 0.3 + 2 * Math.sqrt(0.02);
    const gap = elsewhere![0]!.conditions!.find(({ name }) => name === 'gap')!;
    expect(gap.bound).toBeCloseTo(bound, 12);
    expect(missedOf(elsewhere![0]!.conditions)).toEqual(['JS on the forget set']);
  });

  it('is held by the approximate method that meets the most of it, elsewhere too', () => {
    const accurate = { retain: metric(98), test: metric(96), jsForget: metric(0.007) };
    const near = (gap: number) => method('near', false, { ...accurate, gap: metric(gap) }, 1);
    const far = method('far', false, { ...accurate, gap: metric(1) }, 1);
    const nothing = method('nothing', false, accurate, 0);
    const both = [
      deletion('first', nothing, far, near(0.2)),
      deletion('second', nothing, far, near(2)),
    ] as unknown as DeletionFigures[];
    const goal = goalsOf(both).find(({ id }) => id === 'approx.rows')!;
    expect(goal).toMatchObject({ method: 'near', value: 0.007, on: 'first' });
    expect(goal.conditions!.at(-1)).toMatchObject({
      bound: 0.9,
      stretch: 0.25,
      isStretchMet: true,
    });
    const { conditions } = goal.elsewhere![0]!;
    expect(conditions!.at(-1)).toMatchObject({ name: 'gap', value: 2, isMet: false });
    expect(conditions!.at(-1)!.stretch).toBeUndefined();
  });
});
