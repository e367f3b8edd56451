import { availableParallelism, cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Model } from '#lethe/engine/model';
import type { Progress } from '#lethe/engine/native';
import { pass } from '#lethe/engine/pass';
import type { RunOptions } from '#lethe/engine/run';
import { expectCode, failure } from '../support/errors.js';
import { ENDLESS, TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset();
const rows = dataset.allRows();
const newModel = () => Model.create(TOY_WIDTHS, { seed: 1 });
const initialHash = newModel().hash();

async function trainedHash(model = newModel()): Promise<string> {
  await model.train(dataset, { epochs: 2 });
  return model.hash();
}

/** A training that is in its middle, until it is stopped. */
async function startEndless(model: Model, options: RunOptions = {}) {
  const controller = new AbortController();
  let run: Promise<unknown> | undefined;
  await new Promise<void>((begun) => {
    run = model.train(dataset, {
      ...ENDLESS,
      ...options,
      signal: controller.signal,
      onProgress: ({ step }) => step > 0 && begun(),
    });
  });
  const stop = async () => {
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
  };
  return { run, controller, stop };
}

describe('a model that is being changed', () => {
  it('refuses every other use, until the change has ended', async () => {
    const model = newModel();
    const { stop } = await startEndless(model);
    const plan = { rows };
    const label = { target: 'label' } as const;
    for (const use of [
      () => model.train(dataset),
      () => model.fisher(dataset, rows, { mode: 'perRow' }),
      () => model.logits(dataset, rows),
      () => model.evaluate(dataset, rows),
      () => pass(model, dataset, plan, label, { kind: 'gradient' }),
      () => model.parameters(),
      () => model.hash(),
      () => model.clone(),
      () => model.save('a file that must not be written'),
    ]) {
      await expectCode(use, 'ERR_BUSY');
    }
    await stop();
    expect(model.hash()).toBe(initialHash);
    expect(await trainedHash(model)).toBe(await trainedHash());
  });

  it('is in use from the call on, not only from the first step', async () => {
    const model = newModel();
    const run = model.train(dataset);
    await expectCode(() => model.hash(), 'ERR_BUSY');
    await run;
    expect(model.hash()).not.toBe(initialHash);
  });

  it('is evaluated as it was, if the evaluation began before the change', async () => {
    const model = newModel();
    const gradient = (of: Model) =>
      pass(of, dataset, { rows, epochs: 50 }, { target: 'label' }, { kind: 'gradient' });
    const expected = await gradient(newModel());
    const before = gradient(model);
    await model.train(dataset, { epochs: 1, learningRate: 0.1 });
    expect((await before).values).toEqual(expected.values);
    expect((await gradient(model)).values).not.toEqual(expected.values);
  });
});

describe('several runs', () => {
  it('evaluate one model at the same time', async () => {
    const model = newModel();
    const [a, b] = await Promise.all([model.logits(dataset, rows), model.logits(dataset, rows)]);
    expect(a).toEqual(b);
  });

  it('train their models independently, even if there are more than can run at once', async () => {
    const hashes = await Promise.all(Array.from({ length: 12 }, () => trainedHash()));
    expect(new Set(hashes)).toEqual(new Set([await trainedHash()]));
  });

  it('go on at once for as many cores as there are, whatever threads others had', async () => {
    await Promise.all(
      Array.from({ length: 3 }, () => newModel().train(dataset, { epochs: 1, threads: 64 })),
    );
    // Four run on any machine; of more cores each is for another run of one thread.
    const endless = Array.from({ length: Math.max(4, availableParallelism()) }, () =>
      startEndless(newModel(), { threads: 1 }),
    );
    // All of them are in their middle: none waits for another one to end.
    for (const { stop } of await Promise.all(endless)) await stop();
  });

  it('wait for a free place, and get it when others are aborted', async () => {
    const controllers = Array.from({ length: 12 }, () => new AbortController());
    const endless = controllers.map(({ signal }) =>
      failure(() => newModel().train(dataset, { ...ENDLESS, signal })),
    );
    const last = trainedHash();
    for (const controller of controllers) controller.abort();
    for (const error of await Promise.all(endless))
      expect(error).toMatchObject({ code: 'ERR_ABORTED' });
    expect(await last).toBe(await trainedHash());
  });
});

describe('runs that are aborted while they wait', () => {
  it('never begin, and give back their places, threads and models', async () => {
    // Four runs go on at once on any machine, and more only while there is a core for each thread.
    const going = await Promise.all(
      [cpus().length, 1, 1, 1].map((threads) => startEndless(newModel(), { threads })),
    );
    const controllers = Array.from({ length: 10 }, () => new AbortController());
    const models = controllers.map(newModel);
    let reports = 0;
    const waiting = controllers.map(({ signal }, i) =>
      failure(() =>
        models[i]!.train(dataset, { ...ENDLESS, threads: 2, signal, onProgress: () => reports++ }),
      ),
    );
    const last = trainedHash();
    for (const model of models) await expectCode(() => model.hash(), 'ERR_BUSY');
    for (const controller of controllers) controller.abort();
    await going[0]!.stop();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: 'ERR_ABORTED' });
    }
    expect(reports).toBe(0);
    const expected = await last;
    expect(expected).toBe(await trainedHash());
    for (const model of models) expect(await trainedHash(model)).toBe(expected);
    // All of these are in their middle: the threads of those that were aborted are free again.
    const cores = Array.from({ length: Math.max(1, availableParallelism() - 3) }, () =>
      startEndless(newModel(), { threads: 1 }),
    );
    for (const { stop } of [...going.slice(1), ...(await Promise.all(cores))]) await stop();
  });
});

describe('an aborted run', () => {
  it('leaves the model as it was, and gives the reason', async () => {
    const model = newModel();
    const { run, controller } = await startEndless(model);
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await failure(() => run);
    expect(error).toMatchObject({ name: 'LetheError', code: 'ERR_ABORTED', cause: reason });
    expect(model.hash()).toBe(initialHash);
  });

  it('is aborted even after its last step, if its result has not been delivered yet', async () => {
    const model = newModel();
    const controller = new AbortController();
    const run = model.train(dataset, { epochs: 1, signal: controller.signal });
    // The native run ends while JavaScript is busy.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    controller.abort();
    await expectCode(() => run, 'ERR_ABORTED');
    expect(model.hash()).toBe(initialHash);
  });

  it('cannot be aborted after its end, and no longer listens to the signal', async () => {
    const model = newModel();
    const controller = new AbortController();
    await model.train(dataset, { epochs: 2, signal: controller.signal });
    controller.abort();
    expect(model.hash()).toBe(await trainedHash());
  });

  it('never begins if the signal has already aborted', async () => {
    const model = newModel();
    const signal = AbortSignal.abort('before');
    const error = await failure(() => model.train(dataset, { ...ENDLESS, signal }));
    expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: 'before' });
    expect(await trainedHash(model)).toBe(await trainedHash());
  });

  it('may be an evaluation, too', async () => {
    const controller = new AbortController();
    const run = pass(
      newModel(),
      dataset,
      { rows, epochs: ENDLESS.epochs },
      { target: 'label' },
      { kind: 'gradient' },
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    await expectCode(() => run, 'ERR_ABORTED');
  });
});

describe('progress', () => {
  it('only grows, and comes at most 20 times a second', async () => {
    const reports: Progress[] = [];
    const controller = new AbortController();
    const start = performance.now();
    const run = newModel().train(dataset, {
      ...ENDLESS,
      signal: controller.signal,
      onProgress: (progress) => {
        if (reports.push(progress) === 8) controller.abort();
      },
    });
    await expectCode(() => run, 'ERR_ABORTED');
    const milliseconds = performance.now() - start;
    // Counts intervals between reports, because the first report comes at once.
    expect((reports.length - 1) * 50).toBeLessThanOrEqual(milliseconds);
    const stepsPerEpoch = Math.ceil(300 / 128);
    for (const [i, { step, steps, epoch }] of reports.entries()) {
      expect(steps).toBe(ENDLESS.epochs * stepsPerEpoch);
      expect(epoch).toBe(Math.max(0, Math.ceil(step / stepsPerEpoch) - 1));
      if (i > 0) expect(step).toBeGreaterThan(reports[i - 1]!.step);
    }
  });

  it('of a short run comes before its end, and never after', async () => {
    const events: unknown[] = [];
    const onProgress = ({ step }: Progress) => events.push(step);
    await newModel().train(dataset, { epochs: 1, onProgress });
    events.push('end');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events[0]).toBe(0);
    expect(events.at(-1)).toBe('end');
  });

  it.each([
    ['short', { epochs: 1 }],
    ['long', ENDLESS],
  ])('that throws ends a %s run with what it has thrown', async (_, length) => {
    const model = newModel();
    let calls = 0;
    const thrown = new TypeError('from the callback');
    const onProgress = () => {
      calls++;
      throw thrown;
    };
    expect(await failure(() => model.train(dataset, { ...length, onProgress }))).toBe(thrown);
    expect(calls).toBe(1);
    expect(model.hash()).toBe(initialHash);
    expect(await trainedHash(model)).toBe(await trainedHash());
  });
});

describe('a diverged run', () => {
  it('leaves the model as it was', async () => {
    const model = newModel();
    await expectCode(() => model.train(dataset, { learningRate: 1e6 }), 'ERR_DIVERGED');
    expect(model.hash()).toBe(initialHash);
    expect(await trainedHash(model)).toBe(await trainedHash());
  });

  it('may be one that only has results that are not finite', async () => {
    const huge = Model.fromParameters(TOY_WIDTHS, newModel().parameters().fill(1e38));
    await expectCode(() => huge.logits(dataset, rows), 'ERR_DIVERGED');
    await expectCode(() => huge.fisher(dataset, rows, { mode: 'perRow' }), 'ERR_DIVERGED');
  });
});
