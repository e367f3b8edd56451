import { describe, expect, it } from 'vitest';
import { accuracy, gap, proportion } from '#lethe/metrics/accuracy';
import {
  areaUnderCurve,
  calibratedAuc,
  entropyAuc,
  membershipAttack,
} from '#lethe/metrics/attacks';
import { centredKernelAlignment } from '#lethe/metrics/cka';
import {
  completeness,
  jensenShannon,
  predictiveEntropy,
  zeroRetrainForgetting,
} from '#lethe/metrics/divergence';
import { linearProbe } from '#lethe/metrics/linear-probe';
import { entropies, losses, margins } from '#lethe/metrics/predictions';
import { expectCode, wrong } from '../support/errors.js';
import { Fixture } from '../support/fixture.js';

const fixture = new Fixture('metrics');
const [units, classes] = fixture.widths as [number, number];
const expected = fixture.json<Record<string, never>>('expected') as Record<string, unknown>;
const labels = fixture.indices('labels');
const testLabels = fixture.indices('test.labels');
const predictions = (name: string) => ({ logits: fixture.floats(name), classes, labels });
const tested = (name: string) => ({
  logits: fixture.floats(`test.${name}`),
  classes,
  labels: testLabels,
});
const [a, b, c] = ['a', 'b', 'c'].map(predictions) as [P, P, P];
const [testA, testB, testC] = ['a', 'b', 'c'].map(tested) as [P, P, P];
type P = ReturnType<typeof predictions>;

const none = { logits: new Float32Array(0), classes, labels: new Uint32Array(0) };

function expectValues(actual: ArrayLike<number>, name: string) {
  const values = expected[name] as number[];
  expect(actual.length).toBe(values.length);
  values.forEach((value, i) => {
    expect(actual[i], `${name} ${i}`).toBeCloseTo(value, 10);
  });
}

describe('scikit-learn, SciPy, NumPy and PyTorch compute the same', () => {
  it.each([
    ['losses', losses(a)],
    ['margins', margins(a)],
    ['entropies', entropies(a)],
  ])('%s', (name, actual) => expectValues(actual, name));

  it.each([
    ['gap', gap(a, testA)],
    ['jensenShannon', jensenShannon(a, b)],
    ['predictiveEntropy', predictiveEntropy(a)],
    ['zeroRetrainForgetting', zeroRetrainForgetting(a, b)],
    ['completeness', completeness(a, b)],
    ['entropyAuc', entropyAuc(a, b)],
    ['tiedAuc', areaUnderCurve([1, 2, 2, 3], [2, 2, 0])],
    [
      'calibratedAuc',
      calibratedAuc(
        { candidate: a, references: [b, c] },
        { candidate: testA, references: [testB, testC] },
      ),
    ],
    [
      'alignment',
      centredKernelAlignment(
        { values: fixture.floats('x'), units },
        { values: fixture.floats('y'), units: 4 },
      ),
    ],
  ])('%s', (name, { value }) => expect(value).toBeCloseTo(expected[name] as number, 9));

  it('accuracy, with its interval', () => {
    expectValues(Object.values(accuracy(a)!), 'accuracy');
    for (const [hits, rows, values] of expected.shares as [number, number, number[]][]) {
      Object.values(proportion(hits, rows)).forEach((value, i) => {
        expect(value).toBeCloseTo(values[i]!, 9);
      });
    }
  });

  it('the loss-threshold attack', () => {
    const attack = membershipAttack({ retain: b, forget: a, test: testA })!;
    expectValues([attack.forget, attack.test, attack.excess], 'membership');
  });

  it('the linear probe', async () => {
    const { value } = await linearProbe(
      { values: fixture.floats('x'), units, labels: fixture.indices('probed') },
      { values: fixture.floats('test.x'), units, labels: fixture.indices('test.probed') },
    );
    expect(value).toBeCloseTo(expected.probe as number, 9);
  });

  it('the linear probe, independent of threads; it can be aborted', async () => {
    const train = { values: fixture.floats('x'), units, labels: fixture.indices('probed') };
    const { value } = await linearProbe(train, train, { threads: 1 });
    expect((await linearProbe(train, train, { threads: 3 })).value).toBe(value);
    const signal = AbortSignal.abort();
    await expectCode(() => linearProbe(train, train, { signal }), 'ERR_ABORTED');
  });
});

describe('known special cases', () => {
  it('a model is no different from itself', () => {
    expect(jensenShannon(a, a).value).toBe(0);
    expect(completeness(a, a).value).toBe(100);
    expect(entropyAuc(a, a).value).toBe(0.5);
    const same = { values: fixture.floats('x'), units };
    expect(centredKernelAlignment(same, same).value).toBeCloseTo(1, 12);
  });

  it('opposite confident predictions are log 2 apart', () => {
    const sure = (column: number) => ({
      logits: Float32Array.from({ length: 2 }, (_, i) => (i === column ? 200 : 0)),
      classes: 2,
    });
    expect(jensenShannon(sure(0), sure(1)).value).toBeCloseTo(Math.LN2, 12);
    expect(predictiveEntropy(sure(0)).value).toBeCloseTo(0, 12);
  });
});

describe('values by hand', () => {
  const sure = { logits: Float32Array.of(0, 1000, 0), classes: 3, labels: Uint32Array.of(1) };

  it('of logits that are 1,000 apart are finite', () => {
    // The other probabilities are 0 in float64, and 0 log 0 counts as 0.
    expect([...entropies(sure)]).toEqual([0]);
    expect([...losses(sure)]).toEqual([0]);
    expect([...losses({ ...sure, labels: Uint32Array.of(0) })]).toEqual([1000]);
    expect(predictiveEntropy(sure).value).toBe(0);
    const opposite = { ...sure, logits: Float32Array.of(1000, 0, 0) };
    expect(jensenShannon(sure, opposite).value).toBeCloseTo(Math.LN2, 12);
    expect(zeroRetrainForgetting(sure, opposite).value).toBeCloseTo(0, 12);
  });

  it('call a row a member whose loss equals the threshold', () => {
    // One retain row: its loss is the mean. Equal logits: log 3; the other row's loss is larger.
    const even = { logits: new Float32Array(3), classes: 3, labels: Uint32Array.of(0) };
    const worse = { ...even, logits: Float32Array.of(-1, 0, 0) };
    const attack = membershipAttack({ retain: even, forget: even, test: worse });
    expect(attack).toEqual({ forget: 100, test: 0, excess: 100 });
  });
});

describe('what is undefined says why', () => {
  const activations = { values: fixture.floats('x'), units };
  it.each([
    ['a gap without forget rows', () => gap(none, testA)],
    ['a gap without test rows', () => gap(a, none)],
    ['a divergence without rows', () => jensenShannon(none, none)],
    ['an entropy without rows', () => predictiveEntropy(none)],
    ['a forgetting score without rows', () => zeroRetrainForgetting(none, none)],
    ['agreement without rows', () => completeness(none, none)],
    ['a curve without positives', () => areaUnderCurve([], [1])],
    ['a curve without negatives', () => areaUnderCurve([1], [])],
    [
      'a calibration without references',
      () => calibratedAuc({ candidate: a, references: [] }, { candidate: testA, references: [] }),
    ],
    [
      'an alignment of one row',
      () => {
        const one = { values: new Float32Array(units), units };
        return centredKernelAlignment(one, one);
      },
    ],
    [
      'an alignment with a dead layer',
      () => centredKernelAlignment(activations, { values: new Float32Array(60), units: 1 }),
    ],
    [
      'a probe for a class that is not there',
      () =>
        linearProbe(
          { ...activations, labels: new Uint32Array(60) },
          wrong({ ...activations, labels: fixture.indices('probed') }),
        ),
    ],
  ])('%s', async (_, metric) => {
    const { value, reason } = await metric();
    expect(value).toBeUndefined();
    expect(reason).toMatch(/^[a-z].{10,}/);
  });

  it('accuracy and attacks are undefined without rows', () => {
    expect(accuracy(none)).toBeUndefined();
    expect(membershipAttack({ retain: a, forget: none, test: testA })).toBeUndefined();
  });
});

describe('bad input', () => {
  it.each<[string, () => unknown]>([
    ['logits that are no rows', () => losses({ ...a, logits: a.logits.subarray(1) })],
    ['doubles', () => entropies(wrong({ logits: new Float64Array(5), classes }))],
    ['no classes', () => entropies(wrong({ logits: a.logits }))],
    ['a label too few', () => accuracy({ ...a, labels: labels.subarray(1) })],
    ['a label out of range', () => accuracy({ ...a, labels: labels.with(0, classes) })],
    ['predictions of other rows', () => jensenShannon(a, testA)],
    ['predictions of other classes', () => completeness(a, { ...b, classes: 1 })],
    ['margins of a single class', () => margins({ ...none, classes: 1 })],
    ['more hits than rows', () => proportion(2, 1)],
    ['a share of nothing', () => proportion(0, 0)],
    [
      'activations of other rows',
      () =>
        centredKernelAlignment(
          { values: fixture.floats('x'), units },
          { values: new Float32Array(7), units },
        ),
    ],
  ])('%s is refused', async (_, call) => {
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});
