import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset, RowSet } from 'lethe';
import type { Kind, MadeSet } from '../data/bench-set.js';
import { LineServer } from '../support/line-server.js';
import { inLethe } from '../support/places.js';
import type { Quality } from './quality.js';

/** What scikit-learn's MLPClassifier makes of the same rows with the same hidden layers. */
export interface PeerRun extends Quality {
  readonly seconds: number;
  readonly epochs: number;
}

/** Who trains a network on these scales the columns first, as scikit-learn's documentation advises. */
const SCALED: readonly Kind[] = ['table', 'few'];

/** scikit-learn in a process that lives as long as the bench. */
export class MlpPeer {
  /** E.g. `scikit-learn 1.2.1`. */
  readonly version: string;
  readonly #server: LineServer;

  private constructor(server: LineServer, version: string) {
    this.#server = server;
    this.version = version;
  }

  /** @throws {BenchError} ERR_PEER: no such Python, or no scikit-learn. */
  static async start(python: string, threads: number): Promise<MlpPeer> {
    const script = inLethe('bench/python/mlp_classifier.py');
    const count = `${threads}`;
    const server = new LineServer(python, [script], {
      ...{ ...process.env, OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count },
    });
    const { sklearn } = await server.read<{ sklearn: string }>();
    return new MlpPeer(server, `scikit-learn ${sklearn}`);
  }

  async run(
    { train, test }: MadeSet,
    retain: RowSet,
    { kind, hidden, seed }: { kind: Kind; hidden: readonly number[]; seed: number },
  ): Promise<PeerRun> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-peer-'));
    try {
      const request = {
        ...{ hidden, seed, scale: SCALED.includes(kind) },
        train: await writeRows(folder, 'train', train, retain),
        test: await writeRows(folder, 'test', test, test.allRows()),
      };
      return await this.#server.ask<PeerRun>(JSON.stringify(request));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  close(): void {
    this.#server.close();
  }
}

/** Features as float32 and labels as uint32, in the byte order of the machine. */
async function writeRows(folder: string, name: string, dataset: Dataset, rows: RowSet) {
  const features = join(folder, `${name}.features`);
  const labels = join(folder, `${name}.labels`);
  await writeFile(features, dataset.normalized(rows));
  await writeFile(labels, rows.gather(dataset.labels));
  return { features, labels, columns: dataset.columns };
}
