import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PROGRAM } from '../../engine/native-bench.js';
import type { EngineReport } from '../../engine/tables.js';
import { renderEngine } from '../../engine/tables.js';
import { inLethe } from '../../support/places.js';

const MAIN = inLethe('bench/dist/engine/main.js');

it.skipIf(!existsSync(PROGRAM))('measures everything that has a goal', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[MAIN, '--quick', '--json', '--synthetic', '--threads', '2'],
  ]);
  const report = JSON.parse(stdout) as EngineReport;
  expect(report.goals.map(({ id }) => id)).toEqual([
    'step.dense.vs_pytorch',
    'step.mnist.vs_pytorch',
    'step.dense.share_of_peak',
    'step.wide.share_of_peak',
    'step.large_batch.share_of_peak',
    'fisher.per_row.vs_backward',
    'fisher.per_row.vs_pytorch',
    'evaluate.vs_onnxruntime',
    'evaluate.vs_onnxruntime.wide',
    'predict.one_row.vs_onnxruntime',
    'predict.one_row.vs_onnxruntime.wide',
    'predict.p99_during_update.ms',
    'ensemble.two_on_two',
    'import.ms',
    'train.mb',
  ]);
  for (const { id, value } of report.goals) {
    if (id.endsWith('vs_pytorch')) expect(value).toBeNull();
    else expect(value, id).toSatisfy(Number.isFinite);
  }
  const { stages } = report.profiles.dense;
  expect(new Set(stages.map(({ stage }) => stage))).toEqual(
    new Set(['gather', 'forward', 'objective', 'backpropagate', 'update']),
  );
  expect(report.scaling.threads.map(({ x }) => x)).toEqual([1, 2]);
  expect(report.latency.requests).toBeGreaterThan(0);
  for (const { id } of report.goals) expect(renderEngine(report)).toContain(id);
});

it('says which peer is missing', async () => {
  const run = promisify(execFile)(process.execPath, [
    ...[MAIN, '--quick', '--synthetic', '--peers', '--python', '/no/such/python'],
  ]);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('ERR_PEER'),
  });
});
