import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeEncoding } from '#lethe/engine/encoding/input-map';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { saveSafetensors, toSafetensors } from '#lethe/formats/export-model';
import { fromSafetensors, loadSafetensors } from '#lethe/formats/import-model';
import { readDocument } from '../../support/documents.js';
import { encodedModel, INPUT_MAP } from '../../support/encoded.js';
import { expectCode } from '../../support/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PYTHON = '/usr/bin/python3';
const hasNumpy = spawnSync(PYTHON, ['-c', 'import numpy']).status === 0;

/** The code that the document shows to users of other programs. */
async function shownEncoder(): Promise<string> {
  const text = await readDocument('docs/state-dicts.md');
  const [code] = /^ {4}import json, numpy as np\n(?: {4}.*\n|\n)+/m.exec(text)!;
  return code.replaceAll(/^ {4}/gm, '');
}

describe('the state dict of a model with an input map', () => {
  it('becomes the model again', async () => {
    const model = encodedModel();
    const path = join(await temporaryFolder(), 'model.safetensors');
    await saveSafetensors(model, path);
    const { model: same, affine } = await loadSafetensors(path);
    expect(same.hash()).toBe(model.hash());
    expect(same.facts).toEqual(model.facts);
    expect(affine).toBeUndefined();
  });

  it.runIf(hasNumpy)(
    'is encoded by the NumPy code of the document with the same bits',
    async () => {
      const model = encodedModel();
      const folder = await temporaryFolder();
      const [state, raw] = [join(folder, 'model.safetensors'), join(folder, 'raw')];
      await saveSafetensors(model, state);
      const values = [Number.NaN, 0, 1, 2, 3, -7.5, 1e7, 1e7 + 3, 1 / 3, 3e38, -3e38, 2 ** -149];
      const columns = INPUT_MAP.columns.length;
      const features = Float32Array.from(
        { length: 24 * columns },
        (_, i) => values[(i + Math.floor(i / 12)) % values.length]!,
      );
      await writeFile(raw, features);
      const script = `${await shownEncoder()}
import struct, sys
np.seterr(all="ignore")
data = open(sys.argv[1], "rb").read()
header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
raw = np.fromfile(sys.argv[2], "<f4").reshape(-1, ${columns})
inputs = encode(raw, header["__metadata__"]["input_map"])
assert inputs.dtype == np.float32, inputs.dtype
sys.stdout.buffer.write(np.ascontiguousarray(inputs).tobytes())`;
      const { stdout, stderr } = spawnSync(PYTHON, ['-c', script, state, raw]);
      expect(stderr.toString()).toBe('');
      const ours = nativeEncoding(model.inputMap!).encode({ features });
      expect(stdout).toEqual(Buffer.from(ours.buffer));
    },
  );

  it('is refused by its path where the map is damaged', async () => {
    const { metadata, tensors } = decodeSafetensors(toSafetensors(encodedModel()));
    const path = join(await temporaryFolder(), 'model.safetensors');
    for (const input_map of ['{', '[]', '{"columns":[{"kind":"number"}]}']) {
      await writeFile(path, encodeSafetensors({ metadata: { ...metadata, input_map }, tensors }));
      const { message } = await expectCode(() => loadSafetensors(path), 'ERR_INVALID_MODEL');
      expect(message).toContain(path);
    }
    const bytes = encodeSafetensors({ metadata: { input_map: '{' }, tensors });
    expect(fromSafetensors(bytes).model.facts).toEqual({});
  });
});
