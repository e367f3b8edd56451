import Table from 'cli-table3';
import type { Machine } from '../support/command-line.js';
import type { KernelTrial } from '../support/pytorch-peer.js';
import type { Range } from '../support/timing.js';
import type { Compared } from './compared.js';
import { BOUNDS, type Goal } from './goals.js';
import { NETS, type NetName } from './inference.js';
import type { EngineFigures } from './measure.js';
import type { ScalingPoint, StepProfile } from './profiles.js';

/** All that a run of the bench has found. */
export interface EngineReport extends EngineFigures {
  /** The name of the rows that are called "mnist" here. */
  readonly dataset: string;
  readonly environment: Machine & {
    readonly rounds: number;
    readonly steps: number;
    readonly onnxRuntime: string;
    readonly pytorch?: string;
    /** The kernels that PyTorch's were chosen from. */
    readonly kernels?: readonly KernelTrial[];
  };
  readonly goals: readonly Goal[];
}

export function renderEngine(report: EngineReport): string {
  const { environment, peak, profiles, scaling, step, fisher, latency, goals } = report;
  const { device, threads, cpu, onnxRuntime, pytorch, rounds } = environment;
  return [
    `${device}, ${threads} threads, ${cpu}; ${onnxRuntime}${pytorch ? `; ${pytorch}` : ''}`,
    `multiply-adds in registers: ${peak.oneThread.toFixed(0)} GFLOP/s on one thread, ` +
      `${peak.allThreads.toFixed(0)} on ${threads}`,
    `The stages of a step, median; GFLOP/s of dense products\n${profileTable(profiles)}`,
    `A step over threads, batches and hidden widths\n${scalingTable(scaling)}`,
    `Through the public API, ${rounds} rounds: median (least to most)\n${comparedTable('PyTorch', [
      ['a training step, random bytes', step.dense],
      [`a training step, ${report.dataset}`, step.mnist],
      ['Fisher of each row, 128 rows', fisher],
      ['accuracy of 10,000 rows', report.evaluatePyTorch],
    ])}`,
    comparedTable('ONNX Runtime', inferenceRows(report)),
    `A prediction of one row, from when it is asked for, ms, 99th percentile of ${latency.requests}: ` +
      `${latency.updatingP99.toFixed(2)} while exactRetrain runs, ${latency.idleP99.toFixed(2)} while nothing does`,
    `import 'lethe': ${report.importing.milliseconds.toFixed(1)} ms and ` +
      `${report.importing.megabytes.toFixed(1)} MB over bare Node`,
    `Goals\n${goalTable(goals)}`,
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

function profileTable(profiles: Readonly<Record<string, StepProfile>>): string {
  const rows = Object.entries(profiles).flatMap(([name, profile]) => [
    ...profile.stages.map(({ stage, layer, microseconds, gflops }) => [
      `${name}: ${stage}${gflops > 0 ? ` ${layer + 1}` : ''}`,
      microseconds.toFixed(1),
      gflops > 0 ? gflops.toFixed(0) : '',
      '',
    ]),
    [
      `${name}: ${profile.shape.widths.join('-')}, batch ${profile.shape.batch}`,
      profile.stepMicroseconds.toFixed(1),
      profile.gflops.toFixed(0),
      profile.shareOfPeak.toFixed(2),
    ],
  ]);
  return table(['', 'µs', 'GFLOP/s', 'of the peak'], rows);
}

function scalingTable(scaling: Readonly<Record<string, readonly ScalingPoint[]>>): string {
  const rows = Object.entries(scaling).flatMap(([name, points]) =>
    points.map(({ x, microseconds, gflops }) => [
      `${name} ${x}`,
      microseconds.toFixed(0),
      gflops.toFixed(0),
    ]),
  );
  return table(['', 'µs', 'GFLOP/s'], rows);
}

function range({ median, min, max }: Range, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

type ComparedRow = readonly [name: string, times: Compared];

function inferenceRows({ inference }: EngineFigures): ComparedRow[] {
  return (Object.keys(NETS) as NetName[]).flatMap((net): ComparedRow[] => {
    const { evaluate, predictOneRow } = inference[net];
    const widths = NETS[net].join('-');
    return [
      [`10,000 rows, ${widths}`, evaluate],
      [`one row, ${widths}`, predictOneRow],
    ];
  });
}

function comparedTable(peer: string, rows: readonly ComparedRow[]): string {
  return table(
    ['', 'Lethe µs', `${peer} µs`, `${peer} / Lethe`],
    rows.map(([name, { microseconds, peerMicroseconds, peerRatio }]) => [
      name,
      range(microseconds, 0),
      peerMicroseconds ? range(peerMicroseconds, 0) : '',
      peerRatio ? range(peerRatio, 2) : '',
    ]),
  );
}

function goalTable(goals: readonly Goal[]): string {
  return table(
    ['', 'measured', 'goal'],
    goals.map(({ id, value }) => [id, value?.toFixed(2) ?? '-', BOUNDS[id as keyof typeof BOUNDS]]),
  );
}
