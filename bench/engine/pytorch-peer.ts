import { LineServer } from '../support/line-server.js';
import { inLethe } from '../support/places.js';

const SCRIPT = inLethe('bench/python/engine_peer.py');

type Work =
  | { work: 'train' | 'fisher'; widths: readonly number[]; batch: number; steps: number }
  | { work: 'evaluate'; widths: readonly number[]; rows: number };

/** PyTorch at the same work, in a process that lives as long as the bench. */
export class PyTorchPeer {
  readonly version: string;
  readonly #server: LineServer;

  private constructor(server: LineServer, version: string) {
    this.#server = server;
    this.version = version;
  }

  /** @throws {BenchError} ERR_PEER: no such Python, no PyTorch, or one with a slow BLAS. */
  static async start(python: string, threads: number): Promise<PyTorchPeer> {
    const server = new LineServer(python, [SCRIPT, '--threads', `${threads}`]);
    const { torch, blas } = await server.read<{ torch: string; blas: string }>();
    return new PyTorchPeer(server, `PyTorch ${torch} (${blas})`);
  }

  async seconds(work: Work): Promise<number> {
    const answer = await this.#server.ask<{ seconds: number }>(JSON.stringify(work));
    return answer.seconds;
  }

  close(): void {
    this.#server.close();
  }
}
