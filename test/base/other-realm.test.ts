import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isInstance } from '#lethe/base/arguments';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';

/** Made by the classes of another realm, as Jest's tests have one and the addon another. */
const foreign = (code: string) => runInNewContext(code) as never;

describe('typed arrays of another realm', () => {
  it('are instances of their class and of no other', () => {
    const floats = foreign('new Float32Array(3)');
    expect(Object(floats) instanceof Float32Array).toBe(false);
    expect(isInstance(floats, Float32Array)).toBe(true);
    expect(isInstance(floats, Float64Array)).toBe(false);
  });

  it('are nothing that only calls itself so', () => {
    expect(isInstance({ [Symbol.toStringTag]: 'Float32Array' }, Float32Array)).toBe(false);
  });

  it('are taken as parameters, features, labels, rows and inputs', async () => {
    const model = Model.fromParameters([2, 2], foreign('Float32Array.of(1, 0, 0, 1, 0, 0)'));
    const dataset = new Dataset({
      ...{ name: 'foreign', rows: 2, columns: 2, classes: 2 },
      features: foreign('Float32Array.of(1, 0, 0, 1)'),
      labels: foreign('Uint32Array.of(0, 1)'),
    });
    const rows = foreign('Uint32Array.of(0, 1)');
    expect((await model.evaluate(dataset, rows)).accuracy).toBe(100);
    expect([...model.predict(foreign('Float32Array.of(1, 0)'))]).toEqual([1, 0]);
  });
});
