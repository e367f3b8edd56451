import { BenchError } from './bench-error.js';
import { LineServer } from './line-server.js';
import { inLethe } from './places.js';
import { interleave, rangeOf } from './timing.js';

type Work =
  | { work: 'train' | 'fisher'; widths: readonly number[]; batch: number; steps: number }
  | { work: 'evaluate'; widths: readonly number[]; rows: number };

/** A way to run OpenBLAS, and what came of it. */
export interface KernelTrial {
  readonly origin: string;
  /** The processor that the kernels were written for, where they run. */
  readonly core?: string;
  /** The median of a training step; not there where the products are wrong, or nothing runs. */
  readonly microseconds?: number;
  readonly problem?: string;
}

const WIDTHS = [784, 512, 128, 10];
const BATCH = 128;
const TRIAL = { rounds: 5, steps: 20 };

/** PyTorch at the engine's work, in a process that lives as long as the bench. */
export class PyTorchPeer {
  /** E.g. `PyTorch 2.5.0 (openblas SkylakeX)`. */
  readonly version: string;
  /** What leads to the same kernels in another process. */
  readonly environment: NodeJS.ProcessEnv;
  /** OpenBLAS's kernels that it was chosen from; empty with another BLAS. */
  readonly trials: readonly KernelTrial[];
  readonly #server: LineServer;

  private constructor(
    { server, environment, torch, blas, core }: Running,
    trials: readonly KernelTrial[],
  ) {
    this.#server = server;
    this.environment = environment;
    this.trials = trials;
    this.version = `PyTorch ${torch} (${core ? `${blas} ${core}` : blas})`;
  }

  /**
   * PyTorch as fast as it can be: with OpenBLAS by the fastest kernels that compute the right products.
   * An environment may name those of an older processor, and OpenBLAS may not know a newer one.
   *
   * @throws {BenchError} ERR_PEER: no such Python, no PyTorch, or one with a slow BLAS.
   */
  static async start(python: string, threads: number): Promise<PyTorchPeer> {
    const running: Running[] = [];
    const trials: KernelTrial[] = [];
    for (const candidate of candidates(process.env)) {
      const { origin } = candidate;
      try {
        const started = await start(python, threads, candidate);
        if (started.blas !== 'openblas') return new PyTorchPeer(started, []);
        if (await isCorrect(started)) running.push(started);
        else trials.push({ origin, core: started.core!, problem: 'wrong products' });
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        trials.push({ origin, problem: error.message });
      }
    }
    if (running.length === 0) {
      const problems = new Set(trials.map(({ problem }) => problem));
      throw new BenchError('ERR_PEER', `PyTorch does not run: ${[...problems].join('; ')}`);
    }
    const seconds = await timeSteps(running);
    const microseconds = ({ origin }: Running) =>
      (rangeOf(seconds[origin]!).median / TRIAL.steps) * 1e6;
    const [fastest, ...slower] = running.sort((a, b) => microseconds(a) - microseconds(b));
    for (const { server } of slower) server.close();
    const timed = running.map((each) => {
      return { origin: each.origin, core: each.core!, microseconds: microseconds(each) };
    });
    return new PyTorchPeer(fastest!, [...timed, ...trials]);
  }

  async seconds(work: Work): Promise<number> {
    return seconds(this.#server, work);
  }

  close(): void {
    this.#server.close();
  }
}

/** Which kernels a peer runs on, and which others there were. */
export function describePeer({ version, trials }: PyTorchPeer): string {
  if (trials.length === 0) return version;
  const tried = trials.map(({ origin, core, microseconds, problem }) => {
    const result = microseconds === undefined ? problem : `${microseconds.toFixed(0)} µs a step`;
    return `${core ? `${core}, ` : ''}${origin}: ${result}`;
  });
  return `${version}, the fastest of ${tried.join('; ')}`;
}

interface Candidate {
  readonly origin: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A process of a candidate, and what it says of itself. */
interface Running extends Candidate {
  readonly server: LineServer;
  readonly torch: string;
  readonly blas: string;
  readonly core: string | null;
}

/** The first is the user's own; SkylakeX has the kernels for AVX-512. */
function candidates(environment: NodeJS.ProcessEnv): Candidate[] {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...unset } = environment;
  const isSet = OPENBLAS_CORETYPE !== undefined || OPENBLAS_L2_SIZE !== undefined;
  return [
    { origin: 'as the environment sets it', environment },
    ...(isSet ? [{ origin: 'as OpenBLAS chooses', environment: unset }] : []),
    { origin: 'SkylakeX asked for', environment: { ...unset, OPENBLAS_CORETYPE: 'SkylakeX' } },
  ];
}

async function start(python: string, threads: number, candidate: Candidate): Promise<Running> {
  const script = inLethe('bench/python/engine_peer.py');
  const server = new LineServer(python, [script, '--threads', `${threads}`], candidate.environment);
  const hello = await server.read<Pick<Running, 'torch' | 'blas' | 'core'>>();
  return { ...candidate, ...hello, server };
}

async function isCorrect({ server }: Running): Promise<boolean> {
  const request = { work: 'check', widths: WIDTHS, batch: BATCH };
  const answer = await server.ask<{ isCorrect: boolean }>(JSON.stringify(request));
  if (!answer.isCorrect) server.close();
  return answer.isCorrect;
}

async function timeSteps(running: readonly Running[]): Promise<Record<string, number[]>> {
  const { rounds, steps } = TRIAL;
  const train = (server: LineServer) =>
    seconds(server, { work: 'train', widths: WIDTHS, batch: BATCH, steps });
  for (const { server } of running) await train(server);
  const contenders = running.map(({ origin, server }) => [origin, () => train(server)]);
  return interleave(rounds, Object.fromEntries(contenders));
}

async function seconds(server: LineServer, work: Work): Promise<number> {
  const answer = await server.ask<{ seconds: number }>(JSON.stringify(work));
  return answer.seconds;
}
