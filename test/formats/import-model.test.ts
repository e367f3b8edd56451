import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { decodeSafetensors } from '#lethe/engine/safetensors';
import { saveOnnx, saveSafetensors, toOnnx, toSafetensors } from '#lethe/formats/export-model';
import {
  fromOnnx,
  fromSafetensors,
  type ImportedModel,
  loadOnnx,
  loadSafetensors,
} from '#lethe/formats/import-model';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '#lethe/formats/onnx/onnx_pb';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { verify } from '#lethe/verify/verify';
import { expectCode, wrong } from '../support/errors.js';
import { expectClose } from '../support/fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { toyDataset } from '../support/toy.js';

const MODELS = new URL('../fixtures/models/', import.meta.url);
const fixture = (name: string) => readFileSync(new URL(name, MODELS));
const { tensors } = decodeSafetensors(fixture('expected.safetensors'));
const expected = (name: string) =>
  new Float32Array(Uint8Array.from(tensors.get(name)!.bytes).buffer);

const load = (name: string): Promise<ImportedModel> => {
  const path = new URL(name, MODELS).pathname;
  if (name.endsWith('.onnx')) return loadOnnx(path);
  return loadSafetensors(path);
};

/** The rows that PyTorch was given, as the imported model takes them. */
function rowsFor(name: string, affine = { scale: 1, offset: 0 }): Dataset {
  const features = expected(`${name}.features`);
  return new Dataset({
    name,
    rows: 9,
    columns: 6,
    classes: 3,
    features,
    affine,
    labels: new Uint32Array(9),
  });
}

describe.each([
  'gemm.onnx',
  'fixed-rows.onnx',
  'opset-9.onnx',
  'opset-16.onnx',
  'matmul.onnx',
  'flatten-softmax.onnx',
  'view-log-softmax.onnx',
  'two-linear.onnx',
  'per-feature.onnx',
  'batch-normalization.onnx',
  'double.onnx',
  'sequential.safetensors',
  'named.safetensors',
])("PyTorch's %s", (file) => {
  const name = file.split('.')[0]!;

  it('computes the same logits as PyTorch', async () => {
    const { model, affine } = await load(file);
    const rows = rowsFor(name, affine);
    const logits = await model.logits(rows, rows.allRows());
    expectClose(logits, expected(`${name}.logits`), file);
  });

  it('is verified by ONNX Runtime', async () => {
    const { model, affine } = await load(file);
    const dataset = rowsFor(name, affine);
    const rows = dataset.allRows();
    expect((await verify(model, [{ name, dataset, rows }])).agreement).toBe(1);
  });

  it('is exported and imported in both formats without losing a bit', async () => {
    const { model } = await load(file);
    const onnx = await fromOnnx(await toOnnx(model, { dataset: rowsFor(name) }));
    expect(onnx.model.hash()).toBe(model.hash());
    expect(fromSafetensors(toSafetensors(model)).model.hash()).toBe(model.hash());
  });
});

describe('an imported ONNX file', () => {
  it('has the weights of the file, bit by bit', async () => {
    const { model } = await loadOnnx(new URL('gemm.onnx', MODELS).pathname);
    const { graph } = fromBinary(ModelProtoSchema, fixture('gemm.onnx'));
    const stored = graph!.initializer.map(({ rawData }) => Buffer.from(rawData!));
    expect(Buffer.from(model.parameters().buffer)).toEqual(Buffer.concat(stored));
  });

  it('computes the same as ONNX Runtime with the file itself', async () => {
    const { model } = await load('matmul.onnx');
    const runtime = await OnnxRuntime.load(fixture('matmul.onnx'), { threads: 1 });
    const rows = rowsFor('matmul');
    const theirs = await runtime.run(expected('matmul.features'), 9, 6);
    await runtime.close();
    expectClose(await model.logits(rows, rows.allRows()), theirs, 'logits');
  });

  it('has the map from raw features to the input', async () => {
    const { affine } = await load('flatten-softmax.onnx');
    expect(affine!.scale).toBeCloseTo(1 / 0.3081, 5);
    expect(affine!.offset).toBeCloseTo(-0.1307 / 0.3081, 6);
    expect((await load('gemm.onnx')).affine).toBeUndefined();
    const dataset = toyDataset();
    const own = await fromOnnx(await toOnnx(Model.create([12, 3]), { dataset }));
    expect(own.affine).toEqual(dataset.affine);
  });

  it('has the names of its layers', async () => {
    expect((await load('gemm.onnx')).layers).toEqual([
      'Gemm "/0/Gemm"',
      'Gemm "/2/Gemm"',
      'Gemm "/4/Gemm"',
    ]);
  });
});

describe.each([
  ['refused-convolution.onnx', 'Conv'],
  ['refused-tanh.onnx', 'Tanh'],
  ['refused-final-relu.onnx', 'must be logits'],
  ['refused-residual.onnx', 'must be one chain'],
  ['refused-two-inputs.onnx', 'it must have one input, but has: x, w'],
  ['refused-convolution.safetensors', '0.weight of shape [2,1,2,2] is not a matrix'],
])("PyTorch's %s", (file, reason) => {
  it('is refused, with its name', async () => {
    const path = new URL(file, MODELS).pathname;
    const call = () => (file.endsWith('.onnx') ? loadOnnx(path) : loadSafetensors(path));
    const error = await expectCode(call, 'ERR_UNSUPPORTED_MODEL');
    expect(error.message).toContain(reason);
    expect(error.message).toContain(path);
  });
});

/** The file gemm.onnx with a change. */
function changed(change: (graph: GraphProto, model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, fixture('gemm.onnx'));
  change(model.graph!, model);
  return toBinary(ModelProtoSchema, model);
}

const UNSUPPORTED: Record<string, [change: Parameters<typeof changed>[0], reason: string]> = {
  'external data': [
    ({ initializer: [first] }) => {
      first!.dataLocation = TensorProto_DataLocation.EXTERNAL;
      first!.externalData.push(
        create(StringStringEntryProtoSchema, { key: 'location', value: '/etc/passwd' }),
      );
    },
    '0.weight lies in another file, "/etc/passwd": use loadOnnx',
  ],
  'weights given at run time': [
    (graph) => {
      graph.initializer.splice(0, 1);
    },
    '0.weight is computed or given at run time',
  ],
  'an unknown type': [
    ({ initializer: [first] }) => {
      first!.dataType = 99;
    },
    '0.weight is of type 99',
  ],
  'a subgraph': [
    ({ node: [, relu] }) => {
      relu!.opType = 'If';
      const type = AttributeProto_AttributeType.GRAPH;
      relu!.attribute = [create(AttributeProtoSchema, { name: 'then_branch', type, g: {} })];
    },
    'If "/1/Relu"',
  ],
  'an operator of another domain': [
    ({ node: [first] }) => {
      first!.domain = 'com.example';
    },
    'com.example.Gemm "/0/Gemm"',
  ],
  'a second output': [
    (graph) => void graph.output.push(graph.input[0]!),
    'choose one output with the option `output`',
  ],
  'an operator set of 2017': [
    (_, model) => {
      model.opsetImport[0]!.version = 6n;
    },
    'operator set',
  ],
  functions: [(_, model) => void model.functions.push(new Uint8Array()), 'functions of its own'],
  'sparse tensors': [
    (graph) => void graph.sparseInitializer.push(new Uint8Array()),
    'sparse tensors',
  ],
  'a cycle of omitted names': [
    (graph) => {
      const identity = (input: string) =>
        create(NodeProtoSchema, { opType: 'Identity', input: [input], output: [''] });
      graph.node = [identity(graph.input[0]!.name), identity('')];
    },
    'must have exactly one output, with a name',
  ],
  'an operator beside the chain': [
    (graph) =>
      void graph.node.push(
        create(NodeProtoSchema, { opType: 'Shape', input: ['0.bias'], output: ['s'] }),
      ),
    'Shape "s" is beside the way from the input to the outputs',
  ],
};

const transB = (gemm: NodeProto) => gemm.attribute.find(({ name }) => name === 'transB')!;

const INVALID: Record<string, [change: Parameters<typeof changed>[0], reason: string]> = {
  'a weight of another size': [
    ({ initializer: [first] }) => {
      first!.rawData = first!.rawData!.slice(4);
    },
    '0.weight of shape [5,6] has 29 values instead of 30',
  ],
  'float16 that is float32': [
    ({ initializer: [first] }) => {
      first!.dataType = TensorProto_DataType.FLOAT16;
    },
    '0.weight of shape [5,6] has 60 values instead of 30',
  ],
  'a shape beyond all memory': [
    ({ initializer: [first] }) => {
      first!.dims = [2n ** 40n, 2n ** 40n];
    },
    'instead of',
  ],
  'a negative shape': [
    ({ initializer: [first] }) => {
      first!.dims = [-5n, -6n];
    },
    'has the shape [-5,-6]',
  ],
  'a bias of another size': [
    ({ initializer: [, bias] }) => {
      bias!.dims = [4n];
      bias!.rawData = bias!.rawData!.slice(4);
    },
    '0.bias of shape [4] for 5 outputs',
  ],
  'layers that do not fit': [
    ({ initializer }) => {
      const second = initializer.find(({ name }) => name === '2.weight')!;
      second.dims = [4n, 4n];
      second.rawData = second.rawData!.slice(0, 64);
    },
    'Gemm "/2/Gemm" takes 4 values, but the layer before it has 5 outputs',
  ],
  'a weight that is not a number': [
    ({ initializer: [first] }) => {
      first!.rawData!.fill(0xff, 0, 4);
    },
    'not finite',
  ],
  'a tensor with two sources': [
    ({ node: [first, second] }) => {
      second!.output = [...first!.output];
    },
    'has more than one source',
  ],
  'a chain that ends early': [
    (graph) => {
      graph.output[0]!.name = 'elsewhere';
    },
    'nothing reads',
  ],
  'a parameter hash of other parameters': [
    (_, model) => {
      const entry = { key: 'parameter_hash', value: '0'.repeat(64) };
      model.metadataProps.push(create(StringStringEntryProtoSchema, entry));
    },
    'the hash of its parameters is not the one in its metadata',
  ],
  'an input without a name': [
    (graph) => {
      graph.input[0]!.name = '';
    },
    'its input has no name',
  ],
  'an output without a name': [
    (graph) => {
      graph.output[0]!.name = '';
    },
    'its output has no name',
  ],
  'an attribute without a type': [
    ({ node: [gemm] }) => {
      transB(gemm!).type = AttributeProto_AttributeType.UNDEFINED;
    },
    'the attribute transB of Gemm',
  ],
  'an attribute of another type': [
    ({ node: [gemm] }) => {
      transB(gemm!).type = AttributeProto_AttributeType.FLOAT;
    },
    'the attribute transB of Gemm',
  ],
  'an attribute that refers to another': [
    ({ node: [gemm] }) => {
      transB(gemm!).refAttrName = 'other';
    },
    'the attribute transB of Gemm',
  ],
  'no graph': [
    (_, model) => {
      delete model.graph;
    },
    'not an ONNX model',
  ],
};

describe('an ONNX file with', () => {
  it.each(Object.entries(UNSUPPORTED))('%s is refused', async (_, [change, reason]) => {
    const error = await expectCode(() => fromOnnx(changed(change)), 'ERR_UNSUPPORTED_MODEL');
    expect(error.message).toContain(reason);
  });

  it.each(Object.entries(INVALID))('%s is refused', async (_, [change, reason]) => {
    const error = await expectCode(() => fromOnnx(changed(change)), 'ERR_INVALID_MODEL');
    expect(error.message).toContain(reason);
  });

  it('no or other contents is refused', async () => {
    for (const bytes of [
      new Uint8Array(),
      fixture('sequential.safetensors'),
      fixture('gemm.onnx').subarray(0, 500),
    ]) {
      await expectCode(() => fromOnnx(bytes), 'ERR_INVALID_MODEL');
    }
  });
});

describe('a safetensors file', () => {
  const { model } = fromSafetensors(fixture('sequential.safetensors'));

  it('has its layers sorted by the values of numbers in names', () => {
    const layers = ['2', '9', '10'].map((name) => `net.${name}`);
    const bytes = toSafetensors(Model.create([4, 4, 4, 4]), { layers });
    expect(fromSafetensors(bytes).layers).toEqual(['net.2', 'net.9', 'net.10']);
  });

  it('from Lethe is refused in another order than that of its hash', async () => {
    const layers = ['2', '10', '9'].map((name) => `net.${name}`);
    const bytes = toSafetensors(Model.create([4, 4, 4, 4]), { layers });
    const error = await expectCode(() => fromSafetensors(bytes), 'ERR_INVALID_MODEL');
    expect(error.message).toMatch(/option layers/);
    expect(fromSafetensors(bytes, { layers }).layers).toEqual(layers);
  });

  it('has its layers in a given order', () => {
    const layers = ['input', 'hidden', 'output'];
    const bytes = toSafetensors(model, { layers });
    expect(fromSafetensors(bytes, { layers }).model.hash()).toBe(model.hash());
  });

  it.each([[['a', 'b']], [['0', '2']], [['0', '2', '2']], [['0', '2', '4', '4']]])(
    'is refused where the order is %j',
    async (layers) => {
      const bytes = fixture('sequential.safetensors');
      await expectCode(() => fromSafetensors(bytes, { layers }), 'ERR_INVALID_ARGUMENT');
    },
  );

  it.each([[['a']], [['a', 'a', 'b']], [['a', 'b', 'c', 'd']]])(
    'is not written with the names %j',
    async (layers) => {
      await expectCode(() => toSafetensors(model, { layers }), 'ERR_INVALID_ARGUMENT');
    },
  );

  it.each([
    ['no widths', { widths: undefined }],
    ['one width', { widths: [3] }],
    ['too few parameters', { parameters: () => new Float32Array(4) }],
    ['parameters in an array', { parameters: () => [1, 2] }],
    ['a parameter that is not finite', { parameters: () => new Float32Array(8).fill(Infinity) }],
  ])('is not written for %s', async (_, change) => {
    const good = { widths: [3, 2], parameters: () => new Float32Array(8) };
    const bad = wrong({ ...good, ...change });
    await expectCode(() => toSafetensors(bad), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => toOnnx(bad), 'ERR_INVALID_ARGUMENT');
  });

  it('with very many layers is refused quickly', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `l${i}.weight`);
    const header = Object.fromEntries(
      names.map((name) => [name, { dtype: 'F32', shape: [0, 0], data_offsets: [0, 0] }]),
    );
    const json = Buffer.from(JSON.stringify(header));
    const bytes = Buffer.concat([Buffer.alloc(8), json]);
    bytes.writeBigUInt64LE(BigInt(json.length));
    await expectCode(() => fromSafetensors(bytes), 'ERR_UNSUPPORTED_MODEL');
    const layers = names.map((name) => name.slice(0, -'.weight'.length));
    await expectCode(() => fromSafetensors(bytes, { layers }), 'ERR_UNSUPPORTED_MODEL');
  });

  it('that has other contents or is cut off is refused', async () => {
    const whole = fixture('sequential.safetensors');
    for (const bytes of [new Uint8Array(), fixture('gemm.onnx'), whole.subarray(0, -1)]) {
      await expectCode(() => fromSafetensors(bytes), 'ERR_INVALID_MODEL');
    }
    const empty = Buffer.from('\x02\0\0\0\0\0\0\0{}');
    await expectCode(() => fromSafetensors(empty), 'ERR_UNSUPPORTED_MODEL');
  });
});

describe('files', () => {
  it('are read as they were written', async () => {
    const folder = await temporaryFolder();
    const dataset = toyDataset();
    const model = Model.create([12, 5, 3], { seed: 4 });
    await saveOnnx(model, join(folder, 'a.onnx'), { dataset });
    await saveSafetensors(model, join(folder, 'a.safetensors'));
    await model.save(join(folder, 'saved.safetensors'));
    expect((await loadOnnx(join(folder, 'a.onnx'))).model.hash()).toBe(model.hash());
    for (const name of ['a.safetensors', 'saved.safetensors']) {
      expect((await loadSafetensors(join(folder, name))).model.hash()).toBe(model.hash());
    }
    expect(await readFile(join(folder, 'a.onnx'))).toEqual(
      Buffer.from(await toOnnx(model, { dataset })),
    );
  });

  it('that cannot be read have their own error code', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'missing'), join(folder, 'file', 'x')]) {
      await expectCode(() => loadOnnx(path), 'ERR_IO');
      await expectCode(() => loadSafetensors(path), 'ERR_IO');
    }
  });
});
