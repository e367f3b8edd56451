import { createHash } from 'node:crypto';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { requireSeal, withSeal } from '#lethe/engine/metadata-seal';
import { Model } from '#lethe/engine/model';
import { decodeModel, encodeModel } from '#lethe/engine/model-file';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { toOnnx, toSafetensors } from '#lethe/formats/export-model';
import { fromOnnx, fromSafetensors } from '#lethe/formats/import-model';
import { type ModelProto, ModelProtoSchema } from '#lethe/formats/onnx/onnx_pb';
import { expectCode } from '../support/errors.js';

const names = { classNames: ['cat', 'dog', 'cow'], featureNames: ['a', 'b', 'c', 'd'] };
const model = Model.create([4, 5, 3], { seed: 1 }).withFacts({
  ...names,
  affine: { scale: 0.5, offset: -1 },
});

function changedOnnx(bytes: Uint8Array, change: (file: ModelProto) => void): Uint8Array {
  const file = fromBinary(ModelProtoSchema, bytes);
  change(file);
  return toBinary(ModelProtoSchema, file);
}

describe('the seal of metadata', () => {
  it('is the SHA-256 of what gives numbers their meaning', () => {
    const metadata = { widths: '[4,3]', class_names: '["ü"]', producer: 'any' };
    const bytes = 'class_names\n6\n["ü"]widths\n5\n[4,3]';
    expect(withSeal(metadata)).toEqual({
      ...metadata,
      metadata_hash: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(requireSeal({ ...withSeal(metadata), producer: 'another' })).toBe(true);
    expect(requireSeal(metadata)).toBe(false);
  });

  it.each([
    ['changed', { class_names: '["u"]' }],
    ['added', { affine: '{"scale":2,"offset":0}' }],
  ])('breaks where an entry was %s', async (_, change) => {
    const sealed = withSeal({ widths: '[4,3]', class_names: '["ü"]' });
    await expectCode(() => requireSeal({ ...sealed, ...change }), 'ERR_INVALID_MODEL');
  });
});

describe('names that were swapped in a file', () => {
  const swapped = JSON.stringify(['dog', 'cat', 'cow']);

  it('are noticed in a saved model', async () => {
    const facts = model.facts;
    const bytes = encodeModel({ widths: [4, 5, 3], parameters: model.parameters(), facts });
    const { metadata, tensors } = decodeSafetensors(bytes);
    const altered = encodeSafetensors({ metadata: { ...metadata, class_names: swapped }, tensors });
    expect(decodeModel(bytes).facts.classNames).toEqual(names.classNames);
    await expectCode(() => decodeModel(altered), 'ERR_INVALID_MODEL');
  });

  it('are noticed in a state dict', async () => {
    const bytes = toSafetensors(model);
    expect(fromSafetensors(bytes).sealed).toBe(true);
    const { metadata, tensors } = decodeSafetensors(bytes);
    const altered = encodeSafetensors({ metadata: { ...metadata, class_names: swapped }, tensors });
    await expectCode(() => fromSafetensors(altered), 'ERR_INVALID_MODEL');
    const foreign = encodeSafetensors({ metadata: { format: 'pt' }, tensors });
    expect(fromSafetensors(foreign).sealed).toBe(false);
  });

  it('are noticed in an ONNX file, and so is another normalization', async () => {
    const bytes = await toOnnx(model);
    expect((await fromOnnx(bytes)).sealed).toBe(true);
    for (const [key, value] of [
      ['class_names', swapped],
      ['affine_scale', '0.25'],
    ]) {
      const altered = changedOnnx(bytes, (file) => {
        file.metadataProps.find((entry) => entry.key === key)!.value = value!;
      });
      await expectCode(() => fromOnnx(altered), 'ERR_INVALID_MODEL');
    }
    const bare = changedOnnx(bytes, (file) => {
      file.metadataProps = [];
    });
    expect((await fromOnnx(bare)).sealed).toBe(false);
  });
});
