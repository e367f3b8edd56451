import { threadsOf } from '../support/command-line.js';
import type { Range } from '../support/timing.js';
import type { Bench } from './bench.js';
import type { Compared } from './compared.js';
import {
  compareInference,
  compareWithPyTorch,
  type InferenceFigures,
  type NetName,
} from './inference.js';
import { type Latency, measureLatency } from './latency.js';
import { importCost, type ProcessCost, trainingMemory } from './processes.js';
import { measureScaling, type Profiles, profileSteps, type Scaling } from './profiles.js';
import {
  compareFisher,
  compareSteps,
  denseDataset,
  type FisherFigures,
  measureEnsemble,
} from './training.js';

export interface EngineFigures {
  /** 10^9 operations a second of multiply-adds in registers. */
  readonly peak: { readonly oneThread: number; readonly allThreads: number };
  readonly profiles: Profiles;
  readonly scaling: Scaling;
  /** A training step through the public API. */
  readonly step: Readonly<Record<'dense' | 'mnist', Compared>>;
  /** The Fisher diagonal of a batch of 128 dense rows. */
  readonly fisher: FisherFigures;
  readonly inference: Readonly<Record<NetName, InferenceFigures>>;
  /** Accuracy and loss of 10,000 rows by the narrow net, beside PyTorch. */
  readonly evaluatePyTorch: Compared;
  readonly latency: Latency;
  readonly importing: ProcessCost;
  readonly trainingMegabytes: number;
  /** Two models on two threads, as a multiple of one on one. */
  readonly twoOnTwo: Range;
}

export async function measureEngine(bench: Bench): Promise<EngineFigures> {
  const { native, onStage } = bench;
  onStage('the peak of multiply-adds');
  const threads = threadsOf(bench.compute);
  const peak = { oneThread: await native.peak(1), allThreads: await native.peak(threads) };
  onStage('the stages of a step');
  const profiles = await profileSteps(bench);
  onStage('scaling over threads, batches and widths');
  const scaling = await measureScaling(bench);

  const dense = denseDataset();
  onStage('a training step');
  const step = {
    dense: await compareSteps(bench, dense),
    mnist: await compareSteps(bench, bench.data.train),
  };
  onStage('the Fisher of each row');
  const fisher = await compareFisher(bench, dense);
  onStage('inference, narrow net');
  const narrow = await compareInference(bench, 'narrow');
  onStage('inference, wide net');
  const wide = await compareInference(bench, 'wide');
  onStage('evaluation beside PyTorch');
  const evaluatePyTorch = await compareWithPyTorch(bench);
  onStage('predictions during an update');
  const latency = await measureLatency(bench);
  onStage('two models on two threads');
  const twoOnTwo = await measureEnsemble(bench);
  onStage('importing and memory');
  return {
    ...{ peak, profiles, scaling, step, fisher, inference: { narrow, wide } },
    ...{ evaluatePyTorch, latency, twoOnTwo },
    importing: await importCost(),
    trainingMegabytes: await trainingMemory(bench.mnistFolder),
  };
}
