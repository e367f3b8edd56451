import { Model } from 'lethe';
import { WIDTHS } from '../study/settings.js';
import { BenchError } from '../support/bench-error.js';
import { threadsOf } from '../support/command-line.js';
import { interleave, rangeOf, seconds } from '../support/timing.js';
import type { Bench } from './bench.js';
import { type Compared, compared } from './compared.js';
import { OnnxRuntimePeer } from './onnxruntime-peer.js';

/** The nets that predict. */
export const NETS = { narrow: WIDTHS, wide: [784, 2048, 2048, 10] } as const;
export type NetName = keyof typeof NETS;

/** Inference beside ONNX Runtime. */
export interface InferenceFigures {
  /** Accuracy and loss of 10,000 rows; of the peer the logits alone. */
  readonly evaluate: Compared;
  /** The logits of one row, through JavaScript. */
  readonly predictOneRow: Compared;
}

const ROWS = 10_000;
/** How many rows a user may give ONNX Runtime at once: the fastest is measured. */
const ROWS_AT_ONCE = [ROWS, 1000, 250];
const TRIALS = 2;
/** Largest difference of a logit, as a share of the largest one. */
const TOLERANCE = 1e-3;

export async function compareInference(bench: Bench, net: NetName): Promise<InferenceFigures> {
  const { compute, data } = bench;
  const model = Model.create(NETS[net]);
  const threads = threadsOf(compute);
  // A row is so little work that ONNX Runtime may be faster without a team.
  const teams = [...new Set([threads, 1])];
  const peers: OnnxRuntimePeer[] = [];
  try {
    for (const team of teams) peers.push(await OnnxRuntimePeer.load(model, data.test, team));
    return {
      evaluate: await compareEvaluation(bench, model, peers[0]!),
      predictOneRow: await compareOneRow(bench, model, peers, bench.effort.passes[net]),
    };
  } finally {
    for (const peer of peers) await peer.close();
  }
}

async function compareEvaluation(
  { compute, effort, data: { test } }: Bench,
  model: Model,
  peer: OnnxRuntimePeer,
): Promise<Compared> {
  const rows = test.allRows().slice(0, ROWS);
  const input = { features: test.normalized(rows), columns: test.columns };
  requireSame(await model.logits(test, rows, compute), await peer.logits(input, ROWS));
  const atOnce = await fastest(ROWS_AT_ONCE, (count) => peer.logits(input, count));
  const { ours, peers } = await interleave<'ours' | 'peers'>(effort.rounds, {
    ours: () => seconds(() => model.evaluate(test, rows, compute)),
    peers: () => seconds(() => peer.logits(input, atOnce)),
  });
  return compared(ours, peers, 1);
}

async function compareOneRow(
  { effort, data: { test }, examples }: Bench,
  model: Model,
  peers: readonly OnnxRuntimePeer[],
  passes: number,
): Promise<Compared> {
  const everyExample = test.allRows().slice(0, examples.length);
  const input = { features: test.normalized(everyExample), columns: test.columns };
  const predict = () => {
    for (let pass = 0; pass < passes; pass++) {
      for (const row of examples) model.predict(row, test.affine);
    }
  };
  const predictByPeer = async (peer: OnnxRuntimePeer) => {
    for (let pass = 0; pass < passes; pass++) await peer.logits(input, 1);
  };
  const peer = await fastest(peers, predictByPeer);
  const { ours, theirs } = await interleave<'ours' | 'theirs'>(effort.rounds, {
    ours: () => seconds(predict),
    theirs: () => seconds(() => predictByPeer(peer)),
  });
  return compared(ours, theirs, passes * examples.length);
}

/** The way of a peer that takes the least time. */
async function fastest<Way>(
  ways: readonly Way[],
  run: (way: Way) => Promise<unknown>,
): Promise<Way> {
  const times: { way: Way; least: number }[] = [];
  for (const way of ways) {
    const runs: number[] = [];
    for (let trial = 0; trial < TRIALS; trial++) runs.push(await seconds(() => run(way)));
    times.push({ way, least: rangeOf(runs).min });
  }
  return times.sort((a, b) => a.least - b.least)[0]!.way;
}

/** What computes something else is no peer. */
function requireSame(ours: Float32Array, theirs: readonly Float32Array[]): void {
  const flat = theirs.flatMap((part) => [...part]);
  const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - flat[i]!)), 0);
  if (flat.length !== ours.length || !(difference <= TOLERANCE * largest)) {
    throw new BenchError('ERR_PEER', `ONNX Runtime's logits are off by ${difference}`);
  }
}

/** Accuracy and loss of 10,000 rows, beside PyTorch. */
export async function compareWithPyTorch(bench: Bench): Promise<Compared> {
  const { compute, pytorch, effort, data } = bench;
  const rows = data.test.allRows().slice(0, ROWS);
  const model = Model.create(WIDTHS);
  const { ours, peers } = await interleave<'ours' | 'peers'>(effort.rounds, {
    ours: () => seconds(() => model.evaluate(data.test, rows, compute)),
    peers: async () =>
      pytorch ? pytorch.seconds({ work: 'evaluate', widths: WIDTHS, rows: rows.length }) : 0,
  });
  return compared(ours, pytorch && peers, 1);
}
