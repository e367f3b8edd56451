import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { exportOnnx, exportOnnxEnsemble } from '#lethe/formats/onnx/export';
import { ModelProtoSchema } from '#lethe/formats/onnx/onnx_pb';
import { network } from '../../support/network.js';

const affine = { scale: 1 / 255 / 0.3081, offset: -0.1307 / 0.3081 };
const small = { ...network([5, 4, 3]), affine, hash: 'cafe' };

/** The system's Python, which has the onnx package if Debian's python3-onnx is installed. */
const PYTHON = '/usr/bin/python3';
const hasOnnx = spawnSync(PYTHON, ['-c', 'import onnx']).status === 0;

function metadata(bytes: Uint8Array): Record<string, string> {
  const { metadataProps } = fromBinary(ModelProtoSchema, bytes);
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
}

describe('exportOnnx', () => {
  it('states version, hash, affine map and data set', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const stated = metadata(exportOnnx({ ...small, datasetName: 'MNIST train' }));
    expect(stated).toEqual({
      lethe_version: version,
      parameter_hash: 'cafe',
      affine_scale: expect.any(String),
      affine_offset: expect.any(String),
      dataset: 'MNIST train',
      metadata_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(Math.fround(Number(stated.affine_scale))).toBe(Math.fround(affine.scale));
    expect(Math.fround(Number(stated.affine_offset))).toBe(Math.fround(affine.offset));
    expect(metadata(exportOnnx(small))).not.toHaveProperty('dataset');
  });

  it.each([
    [Math.fround(0.1), '0.1'],
    [Math.fround(1 / 3), '0.33333334'],
    [-1, '-1'],
    [0, '0'],
    [2 ** -149, '1e-45'],
    [16777216, '16777216'],
  ])('writes the float32 %d as %s', (offset, decimal) => {
    const bytes = exportOnnx({ ...small, affine: { scale: 1, offset } });
    expect(metadata(bytes).affine_offset).toBe(decimal);
  });

  it('connects input and output directly if there is a single layer', () => {
    const { graph } = fromBinary(ModelProtoSchema, exportOnnx({ ...small, ...network([7, 3]) }));
    expect(graph?.node).toHaveLength(1);
    expect(graph?.node[0]).toMatchObject({
      opType: 'Gemm',
      input: ['input', 'layers.0.weight', 'layers.0.bias'],
      output: ['logits'],
    });
  });

  it('reads a view of a larger buffer', () => {
    const padded = new Float32Array(small.parameters.length + 2);
    padded.set(small.parameters, 1);
    expect(exportOnnx({ ...small, parameters: padded.subarray(1, -1) })).toEqual(exportOnnx(small));
  });

  it.each([
    ['one width', { widths: [5] }],
    ['a width of zero', { widths: [5, 0, 3] }],
    ['a fractional width', { widths: [5, 1.5, 3] }],
    ['too few parameters', { parameters: small.parameters.subarray(1) }],
    ['a parameter that is not a number', { parameters: small.parameters.with(7, Number.NaN) }],
    ['an affine map beyond float32', { affine: { scale: 1e39, offset: 0 } }],
  ])('refuses %s', (_, change) => {
    expect(() => exportOnnx({ ...small, ...change })).toThrow(
      expect.objectContaining({ name: 'LetheError', code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it.skipIf(!hasOnnx)('is accepted by onnx.checker, which reads the same network', () => {
    const script = `
import json, sys, onnx
from onnx import numpy_helper
model = onnx.load_model_from_string(sys.stdin.buffer.read())
onnx.checker.check_model(model, full_check=True)
shape = lambda value: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
print(json.dumps({
    "producer": model.producer_name,
    "ir": model.ir_version,
    "opset": [(o.domain, o.version) for o in model.opset_import],
    "metadata": {p.key: p.value for p in model.metadata_props},
    "shapes": {v.name: shape(v) for v in [*model.graph.input, *model.graph.output]},
    "tensors": {t.name: numpy_helper.to_array(t).tolist() for t in model.graph.initializer},
    "nodes": [[n.op_type, {a.name: a.i for a in n.attribute}] for n in model.graph.node],
}))`;
    const bytes = exportOnnx(small);
    const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', script], { input: bytes });
    expect(status, stderr.toString()).toBe(0);
    const p = [...small.parameters];
    expect(JSON.parse(stdout.toString())).toEqual({
      producer: 'lethe',
      ir: 7,
      opset: [['', 13]],
      metadata: metadata(bytes),
      shapes: { input: ['N', 5], logits: ['N', 3] },
      tensors: {
        'layers.0.weight': [p.slice(0, 5), p.slice(5, 10), p.slice(10, 15), p.slice(15, 20)],
        'layers.0.bias': p.slice(20, 24),
        'layers.1.weight': [p.slice(24, 28), p.slice(28, 32), p.slice(32, 36)],
        'layers.1.bias': p.slice(36),
      },
      nodes: [
        ['Gemm', { transB: 1 }],
        ['Relu', {}],
        ['Gemm', { transB: 1 }],
      ],
    });
  });
});

describe('exportOnnxEnsemble', () => {
  const members = [
    { ...network([5, 4, 3]), share: 0.25 },
    { ...network([5, 3]), share: 0.75 },
  ];
  const ensemble = { members, affine, hash: 'cafe', datasetName: 'MNIST train' };

  it('states the same metadata as a single model', () => {
    expect(metadata(exportOnnxEnsemble(ensemble))).toEqual(
      metadata(exportOnnx({ ...small, datasetName: 'MNIST train' })),
    );
  });

  it('refuses a parameter that is not a number, in any member', () => {
    const broken = { ...members[1]!, parameters: members[1]!.parameters.with(3, Number.NaN) };
    expect(() => exportOnnxEnsemble({ ...ensemble, members: [members[0]!, broken] })).toThrow(
      expect.objectContaining({ name: 'LetheError', code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it.skipIf(!hasOnnx)('is accepted by onnx.checker, which infers all shapes', () => {
    const script = `
import json, sys, onnx
model = onnx.load_model_from_string(sys.stdin.buffer.read())
onnx.checker.check_model(model, full_check=True)
graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
shape = lambda value: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
print(json.dumps({v.name: shape(v) for v in [*graph.input, *graph.value_info, *graph.output]}))`;
    const input = exportOnnxEnsemble(ensemble);
    const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', script], { input });
    expect(status, stderr.toString()).toBe(0);
    const { input: features, 'member0.relu0': hidden, ...mixed } = JSON.parse(stdout.toString());
    expect([features, hidden]).toEqual([
      ['N', 5],
      ['N', 4],
    ]);
    expect(mixed).toHaveProperty('logits');
    const { 'member0.gemm0': _, ...ofClasses } = mixed;
    for (const [name, shape] of Object.entries(ofClasses)) expect(shape, name).toEqual(['N', 3]);
  });
});
