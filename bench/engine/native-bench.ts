import { existsSync } from 'node:fs';
import { BenchError } from '../support/bench-error.js';
import { LineServer } from '../support/line-server.js';
import { inLethe } from '../support/places.js';

/** A part of a training step between two barriers. */
export interface StageTime {
  readonly stage: string;
  /** From 0; an update runs beside the stage of the layer below. */
  readonly layer: number;
  readonly microseconds: number;
  /** Counts its matrix products; with zeros skipped, what the dense ones would be. */
  readonly gflops: number;
}

export interface StepTime {
  readonly stepMicroseconds: number;
  readonly stages: readonly StageTime[];
}

/** What a step works on: random bytes, of which the share `density` is not 0. */
export interface StepShape {
  readonly widths: readonly number[];
  readonly batch: number;
  readonly density: number;
}

export const PROGRAM = inLethe('build/bench_engine');

/** The engine's own bench, native/bench/engine.cpp: the FMA peak and the stages of a step. */
export class NativeBench {
  readonly #server: LineServer;

  constructor() {
    if (!existsSync(PROGRAM)) {
      throw new BenchError('ERR_PEER', `${PROGRAM} is missing: run \`npm run bench:engine\``);
    }
    this.#server = new LineServer(PROGRAM, []);
  }

  /** Floating-point operations a second, in 10^9, of multiply-adds in registers. */
  async peak(threads: number): Promise<number> {
    const { gflops } = await this.#server.ask<{ gflops: number }>(`peak ${threads}`);
    return gflops;
  }

  async step(shape: StepShape, threads: number, steps: number): Promise<StepTime> {
    const { widths, batch, density } = shape;
    return this.#server.ask(`stages ${threads} ${batch} ${density} ${steps} ${widths.join(' ')}`);
  }

  close(): void {
    this.#server.close();
  }
}

/** Operations of a training step's matrix products; the first layer needs no gradient of its input. */
export function stepOperations({ widths, batch }: StepShape): number {
  return widths
    .slice(1)
    .map((outputs, layer) => (layer === 0 ? 4 : 6) * batch * widths[layer]! * outputs)
    .reduce((sum, operations) => sum + operations, 0);
}
