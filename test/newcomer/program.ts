// What an application may write with each subpath: compiled, then run.

import {
  Dataset,
  devices,
  type LabelledData,
  LetheError,
  type LetheErrorCode,
  Model,
  type TrainOptions,
  version,
} from 'lethe';
import { type DigitsOptions, syntheticDigits } from 'lethe/datasets';
import { availableThreads, type Plan, pass, RowSet } from 'lethe/engine';
import { fromOnnx, type ImportedModel, toOnnx } from 'lethe/formats';
import { type TrainJob, trainMany } from 'lethe/jobs';
import { fineTune, Sisa, type UnlearningRequest } from 'lethe/methods';
import { type Proportion, proportion, weightDistance } from 'lethe/metrics';
import { drawLineChart, html, type LineChart, page } from 'lethe/report';

const digits: DigitsOptions = { trainRows: 64, testRows: 8, seed: 1 };
const data: LabelledData = syntheticDigits(digits).train;
const dataset = new Dataset(data);
const model: Model = Model.create([dataset.columns, 4, dataset.classes], { seed: 1 });
const options: TrainOptions = {
  epochs: 1,
  learningRate: 0.1,
  signal: new AbortController().signal,
};
const job: TrainJob = { model, dataset, epochs: 1 };
const [trained] = await trainMany([job], { threads: availableThreads() });
await model.train(dataset, options);

const plan: Plan = { rows: RowSet.of(dataset, [0, 1, 2]) };
const losses = await pass(model, dataset, plan, { target: 'label' }, { kind: 'rowLosses' });

const owners = new Uint32Array(dataset.rows).map((_, row) => row % 4);
const sisa: Sisa = await Sisa.train(model.widths, dataset, { owners, shards: 2 });
const request: UnlearningRequest = { model, dataset, forget: [0, 1], retain: [2, 3, 4] };
const forgotten = await fineTune(request, { epochs: 1 });

const imported: ImportedModel = await fromOnnx(await toOnnx(model));
const distance: number = weightDistance(imported.model, model);
const share: Proportion = proportion(1, 2);

const chart: LineChart = {
  ...{ description: 'one line', x: 'row', y: 'loss', yScale: 'linear' },
  series: [{ name: 'loss', points: [...losses.values!].map((y, x) => ({ x, y })) }],
};
const document: string = page('Losses', html`<p>${drawLineChart(chart).length}</p>`);

// What only looks like a model is refused, by the compiler and at run time.
let lookAlike: unknown;
try {
  // @ts-expect-error
  await pass({ widths: model.widths }, dataset, plan, { target: 'label' }, { kind: 'logits' });
} catch (error) {
  lookAlike = error;
}

let code: LetheErrorCode | undefined;
try {
  Model.create([1]);
} catch (error) {
  if (error instanceof LetheError) code = error.code;
}

const expectations = {
  version: /^\d+\.\d+\.\d+/.test(version),
  devices: devices().cpu.startsWith('cpu '),
  trained: trained!.steps > 0,
  rows: losses.rows === 3,
  sisa: sisa.widths.length === 3,
  forgotten: forgotten.steps > 0,
  imported: distance === 0,
  share: Object.keys(share).length > 0,
  document: document.startsWith('<!doctype html>'),
  code: code === 'ERR_INVALID_ARGUMENT',
  lookAlike: lookAlike instanceof LetheError,
};
const wrong = Object.entries(expectations).filter(([, isMet]) => !isMet);
if (wrong.length > 0) throw new Error(`not as expected: ${wrong.map(([name]) => name).join(', ')}`);
