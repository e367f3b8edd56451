import { describe, expect, it } from 'vitest';
import type { LetheErrorCode } from '#lethe/base/errors';
import { Model } from '#lethe/engine/model';
import { fisherScrub } from '#lethe/unlearn/approximate/fisher-scrub';
import { exactRetrain } from '#lethe/unlearn/exact/exact-retrain';
import { retrain } from '#lethe/unlearn/exact/retrain';
import { expectCode, wrong } from '../support/errors.js';
import * as lethe from '../support/everything.js';
import { ENDLESS, TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset({ rows: 40 });
const model = Model.create(TOY_WIDTHS);
await model.train(dataset); // the training that amnesiac assumes by default
const valid = { model, dataset, forget: [0, 1], retain: [2, 3, 4] };

describe.each([
  ['amnesiac', lethe.amnesiac],
  ['badTeacher', lethe.badTeacher],
  ['fineTune', lethe.fineTune],
  ['fisherForget', lethe.fisherForget],
  ['gradientAscent', lethe.gradientAscent],
  ['kfac', lethe.kfac],
  ['lowRank', lethe.lowRank],
  ['negGradPlus', lethe.negGradPlus],
  ['randomLabel', lethe.randomLabel],
  ['salun', lethe.salun],
  ['scrub', lethe.scrub],
  ['ssd', lethe.ssd],
  ['retrain', retrain],
  ['exactRetrain', exactRetrain],
  ['fisherScrub', fisherScrub],
])('%s', (_, method) => {
  it('runs with the request that the cases below make invalid', async () => {
    expect((await method(valid)).steps).toBeGreaterThan(0);
  });

  it.each<[string, object, LetheErrorCode]>([
    ['nothing to forget', { forget: [] }, 'ERR_EMPTY_SET'],
    ['nothing left', { retain: [] }, 'ERR_EMPTY_SET'],
    ['a row in both sets', { retain: [2, 1] }, 'ERR_INVALID_ROWS'],
    ['row 0 in both sets', { retain: [2, 0] }, 'ERR_INVALID_ROWS'],
    ['a row twice', { forget: [0, 0] }, 'ERR_INVALID_ROWS'],
    ['a row out of range', { retain: [40] }, 'ERR_INVALID_ROWS'],
    ['a negative row', { forget: [-1] }, 'ERR_INVALID_ROWS'],
    ['a fractional row', { forget: [0.5] }, 'ERR_INVALID_ROWS'],
    ['no list', { forget: null }, 'ERR_INVALID_ARGUMENT'],
    ['no data set', { dataset: undefined }, 'ERR_INVALID_ARGUMENT'],
    ['no model', { model: undefined }, 'ERR_INVALID_ARGUMENT'],
    ['a model that only looks like one', { model: { widths: TOY_WIDTHS } }, 'ERR_INVALID_ARGUMENT'],
    ['a model for other columns', { model: Model.create([5, 3]) }, 'ERR_INVALID_ARGUMENT'],
  ])('refuses %s', async (_, change, code) => {
    await expectCode(() => method(wrong({ ...valid, ...change })), code);
  });

  it('refuses wrong types', async () => {
    for (const value of [null, undefined, 5, 'text']) {
      await expectCode(() => method(wrong(value)), 'ERR_INVALID_ARGUMENT');
    }
    for (const options of [null, 5, 'text']) {
      await expectCode(() => method(valid, wrong(options)), 'ERR_INVALID_ARGUMENT');
    }
  });

  it('treats undefined options as left out', async () => {
    const names = ['epochs', 'maxSteps', 'steps', 'batchSize', 'learningRate', 'momentum', 'seed'];
    const undefinedOnes = Object.fromEntries(names.map((name) => [name, undefined]));
    const { model: expected } = await method(valid);
    expect((await method(valid, wrong(undefinedOnes))).model.hash()).toBe(expected.hash());
  });

  it('uses the request as it was at the call, even if all of it changes meanwhile', async () => {
    const own = model.clone();
    const request = { ...valid, model: own };
    const running = method(request);
    Object.assign(request, { dataset: undefined, model: undefined, forget: [], retain: [] });
    await own.train(dataset, { learningRate: 0.1 });
    expect((await running).model.hash()).toBe((await method(valid)).model.hash());
  });

  it('reads each field of the request once, so that a getter cannot change its mind', async () => {
    const read: string[] = [];
    const request = new Proxy(valid, {
      get: (target, name: keyof typeof valid) => {
        read.push(name);
        return target[name];
      },
    });
    const { model: forgotten } = await method(request);
    expect(read.toSorted()).toEqual(['dataset', 'forget', 'model', 'retain']);
    expect(forgotten.hash()).toBe((await method(valid)).model.hash());
  });

  it('does not begin with an aborted signal', async () => {
    await expectCode(() => method(valid, { signal: AbortSignal.abort() }), 'ERR_ABORTED');
  });
});

describe('a model that is being trained', () => {
  it('can be retrained but not scrubbed, because only its widths may be read', async () => {
    const busy = model.clone();
    const controller = new AbortController();
    const run = busy.train(dataset, { ...ENDLESS, signal: controller.signal });
    const request = { ...valid, model: busy };
    await expectCode(() => fisherScrub(request), 'ERR_BUSY');
    expect((await retrain(request)).model.hash()).toBe((await retrain(valid)).model.hash());
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
  });
});
