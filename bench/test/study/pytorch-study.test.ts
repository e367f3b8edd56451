import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { syntheticDigits } from 'lethe/datasets';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { runPyTorch } from '../../study/pytorch-study.js';
import { hasPyTorch, PYTHON } from '../support/pytorch.js';

/** A few drawn digits as MNIST's four files. */
async function drawnDigits(): Promise<string> {
  const folder = await temporaryFolder();
  const { train, test } = syntheticDigits({ trainRows: 500, testRows: 100 });
  for (const [part, data] of Object.entries({ train, t10k: test })) {
    const { rows, features, labels } = data;
    const files = {
      'images-idx3': idx([rows, 28, 28], features as Uint8Array),
      'labels-idx1': idx([rows], Uint8Array.from(labels)),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(folder, `${part}-${name}-ubyte.gz`), gzipSync(bytes));
    }
  }
  return folder;
}

function idx(shape: readonly number[], bytes: Uint8Array): Buffer {
  const sizes = Buffer.from(Uint32Array.from(shape).buffer).swap32();
  return Buffer.concat([Buffer.from([0, 0, 8, shape.length]), sizes, bytes]);
}

describe.skipIf(!hasPyTorch)('the study in PyTorch', () => {
  it('has the same settings, models and figures, but for exactRetrain', async () => {
    const study = await runPyTorch(PYTHON, await drawnDigits(), 7, 2, process.env);
    expect(study.name).toBe('PyTorch');
    expect(study.version).toMatch(/^\d.* \(\w+/);
    for (const setting of ['zipf', 'exclusive'] as const) {
      const models = study.settings[setting];
      expect(Object.keys(models)).toEqual(['base', 'M0', 'M2']);
      expect(models.M0.weightDistance).toBe(0);
      for (const { retain, forget, test, seconds } of Object.values(models)) {
        for (const percent of [retain, forget, test]) expect(percent).toBeLessThanOrEqual(100);
        const { total, ...phases } = seconds;
        expect(total).toBe(Object.values(phases).reduce((a, b) => a + b, 0));
      }
    }
  });
});
