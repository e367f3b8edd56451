import { spawnSync } from 'node:child_process';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type FittedColumn, type InputMap, nativeEncoding } from '#lethe/engine/encoding/input-map';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import { parameterHash } from '#lethe/engine/parameter-hash';
import { toOnnx } from '#lethe/formats/export-model';
import { fromOnnx } from '#lethe/formats/import-model';
import { matrix } from '#lethe/formats/onnx/export-nodes';
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
} from '#lethe/formats/onnx/onnx_pb';
import { OnnxRuntime } from '#lethe/runtime/onnx-runtime';
import { ENCODED_INPUTS, encodedModel, INPUT_MAP } from '../../support/encoded.js';
import { expectCode } from '../../support/errors.js';
import { expectClose, Fixture } from '../../support/fixture.js';

const PYTHON = '/usr/bin/python3';
const hasOnnx = spawnSync(PYTHON, ['-c', 'import onnx']).status === 0;

const COLUMNS = INPUT_MAP.columns.length;

/** Values at the ends of float32, at halves of the last place, and what categories and blanks are. */
const HARD = [
  ...[Number.NaN, 0, -0, 1, 2, 3, -1, 0.5, 1e7, 1e7 + 1, 1e7 + 2, 1 / 3, 2 / 3, 0.1, 0.3, 1e30],
  ...[2 ** -149, -(2 ** -149), 3 * 2 ** -149, 2 ** -126, 2 ** -127, 1e-40, -1e-45],
  ...[3e38, -3e38, 2 ** 128 - 2 ** 104, -(2 ** 128) + 2 ** 104],
];

/** Each of these values in each column, [rows, columns]. */
const hardRows = Float32Array.from({ length: HARD.length * COLUMNS }, (_, i) => {
  const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
  return HARD[(row + 5 * column) % HARD.length]!;
});

const fixture = new Fixture('pipeline');

/** The pipeline's network, with what the pipeline has fitted. */
function pipelineModel(): Model {
  const inputMap = fixture.json<InputMap>('input_map');
  const featureNames = fixture.json<string[]>('feature_names');
  return Model.fromParameters(fixture.widths, fixture.vector()).withFacts({
    inputMap,
    featureNames,
  });
}

/** What ONNX Runtime computes for a tensor of a file. */
async function run(bytes: Uint8Array, rows: Float32Array, tensor?: [name: string, width: number]) {
  const model = fromBinary(ModelProtoSchema, bytes);
  const columns = Number(columnsIn(model));
  if (tensor) model.graph!.output = [matrix(...tensor)];
  const runtime = await OnnxRuntime.load(toBinary(ModelProtoSchema, model), { threads: 1 });
  try {
    return await runtime.run(rows.slice(), rows.length / columns, columns);
  } finally {
    await runtime.close();
  }
}

function columnsIn({ graph }: ModelProto) {
  const type = graph!.input[0]!.type!.value;
  if (type.case !== 'tensorType') throw new Error('the input is no tensor');
  return type.value.shape!.dim[1]!.value.value!;
}

const bits = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];

function softmax(logits: Float32Array, classes: number): Float32Array {
  return logits.map((_, i) => {
    const from = i - (i % classes);
    const row = [...logits.subarray(from, from + classes)];
    const largest = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    return Math.exp(logits[i]! - largest) / sum;
  });
}

/** The file of a model after a change of its graph. */
async function changed(change: (model: ModelProto) => void, of = encodedModel()) {
  const model = fromBinary(ModelProtoSchema, await toOnnx(of));
  change(model);
  return toBinary(ModelProtoSchema, model);
}

const stored = ({ graph }: ModelProto, name: string) =>
  graph!.initializer.find((tensor) => tensor.name === name)!;

function setFloat(model: ModelProto, name: string, at: number, value: number): void {
  const { rawData } = stored(model, name);
  new DataView(rawData!.buffer, rawData!.byteOffset).setFloat32(4 * at, value, true);
}

describe('the ONNX file of a model with an input map', () => {
  it('makes inputs with the bits of the engine', async () => {
    const model = encodedModel();
    const ours = nativeEncoding(model.inputMap!).encode({ features: hardRows });
    const theirs = await run(await toOnnx(model), hardRows, ['input', ENCODED_INPUTS]);
    expect(bits(theirs)).toEqual(bits(ours));
    expect(ours.some((value) => Math.abs(value) === 2 ** 128 - 2 ** 104)).toBe(true);
  });

  it('makes the inputs and probabilities that scikit-learn computes', async () => {
    const model = pipelineModel();
    const raw = fixture.floats('raw');
    const bytes = await toOnnx(model);
    const width = fixture.widths[0]!;
    expectClose(await run(bytes, raw, ['input', width]), fixture.floats('inputs'), 'inputs');
    const probabilities = fixture.floats('probabilities');
    expectClose(softmax(await run(bytes, raw), 3), probabilities, 'probabilities of the file');
    expectClose(softmax(model.predict(raw), 3), probabilities, 'probabilities of the model');
    const records = fixture.json<Record<string, number | string | null>[]>('records');
    expect(model.predict(records)).toEqual(model.predict(raw));
  });

  it('takes raw rows, and says how in its metadata', async () => {
    const model = encodedModel();
    const { graph, metadataProps } = fromBinary(ModelProtoSchema, await toOnnx(model));
    expect(graph!.input.map(({ name }) => name)).toEqual(['features']);
    const stated = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(JSON.parse(stated.input_map!)).toEqual(model.inputMap);
    expect(stated.parameter_hash).toBe(model.hash());
    expect(stated).not.toHaveProperty('affine_scale');
    const dataset = { name: 'people', affine: { scale: 1, offset: 0 } };
    const { metadataProps: named } = fromBinary(ModelProtoSchema, await toOnnx(model, { dataset }));
    expect(named.map(({ key }) => key)).toContain('dataset');
    expect(named.map(({ key }) => key)).not.toContain('affine_scale');
  });

  it('has as many operators for a thousand columns as for a few', async () => {
    const columns = Array.from({ length: 1000 }, (_, i) => INPUT_MAP.columns[i % COLUMNS]!);
    const wide = encodedModel(0, { columns }, 125 * ENCODED_INPUTS);
    const count = async (model: Model) =>
      fromBinary(ModelProtoSchema, await toOnnx(model)).graph!.node.length;
    expect(await count(wide)).toBe(await count(encodedModel()));
  });

  it.each<[string, InputMap, number]>([
    ['numbers', { columns: [{ kind: 'number' }, { kind: 'number' }] }, 2],
    ['categories', { columns: [{ kind: 'category', categories: ['a', 'b'] }] }, 2],
  ])('makes the inputs of %s alone', async (_, inputMap, inputs) => {
    const model = encodedModel(0, inputMap, inputs);
    const { model: same } = await fromOnnx(await toOnnx(model));
    expect(same.hash()).toBe(model.hash());
    expect(same.inputMap).toEqual(model.inputMap);
  });

  it.runIf(hasOnnx)('is accepted by onnx.checker, which infers all shapes', async () => {
    const script = `
import sys, onnx
model = onnx.load_model_from_string(sys.stdin.buffer.read())
onnx.checker.check_model(model, full_check=True)
graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
print({v.name: v.type.tensor_type.shape.dim[1].dim_value for v in graph.value_info}["input"])`;
    const models = [encodedModel(), new Ensemble([{ model: encodedModel(), weight: 1 }])];
    for (const model of models) {
      const input = await toOnnx(model);
      const { stdout, stderr } = spawnSync(PYTHON, ['-c', script], { input });
      expect(stdout.toString().trim(), stderr.toString()).toBe(`${ENCODED_INPUTS}`);
    }
  });
});

describe('the ONNX file of an ensemble with input maps', () => {
  const [first, ...rest] = INPUT_MAP.columns;
  const other: InputMap = { columns: [{ ...first, centre: 1e7 }, ...rest] };
  const rows = nearRows(20);

  it('encodes once where all maps are equal, else for each member', async () => {
    const nodes = async (second: Model) => {
      const members = [encodedModel(1), second].map((model, i) => ({ model, weight: i + 1 }));
      const ensemble = new Ensemble(members);
      const bytes = await toOnnx(ensemble);
      const theirs = softmax(await run(bytes, rows), 3);
      expectClose(theirs, softmax(ensemble.predict(rows), 3), 'probabilities');
      const { graph, metadataProps } = fromBinary(ModelProtoSchema, bytes);
      expect(metadataProps.find(({ key }) => key === 'parameter_hash')!.value).toBe(
        ensemble.hash(),
      );
      return graph!.node.filter(({ opType }) => opType === 'Div').length;
    };
    expect(await nodes(encodedModel(2))).toBe(1);
    expect(await nodes(encodedModel(2, other))).toBe(2);
  });

  it('is refused where the members take other things', async () => {
    const plain = Model.create([ENCODED_INPUTS, 3]);
    const numbers = Array.from({ length: ENCODED_INPUTS }, () => ({ kind: 'number' }) as const);
    for (const second of [plain, encodedModel(2, { columns: numbers })]) {
      const members = [encodedModel(1), second].map((model) => ({ model, weight: 1 }));
      await expectCode(() => toOnnx(new Ensemble(members)), 'ERR_INVALID_ARGUMENT');
    }
  });
});

/** Rows whose inputs are small. */
function nearRows(rows: number): Float32Array {
  return Float32Array.from({ length: rows * COLUMNS }, (_, i) => {
    const [row, at] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const column: FittedColumn = INPUT_MAP.columns[at]!;
    if (column.missing !== undefined && (row + at) % 4 === 0) return Number.NaN;
    if (column.kind === 'category') return row % column.categories.length;
    return (column.centre ?? 0) + Math.sin(row + at) * (column.scale ?? 1);
  });
}

describe('a file with an input map', () => {
  it('becomes the model again', async () => {
    for (const model of [encodedModel(), pipelineModel()]) {
      const bytes = await toOnnx(model);
      for (const verify of [true, false]) {
        const { model: same, affine } = await fromOnnx(bytes, { verify });
        expect(affine).toBeUndefined();
        expect(same.hash()).toBe(model.hash());
        expect(same.facts).toEqual(model.facts);
      }
    }
  });

  it('becomes the model again where another program has renamed and moved its parts', async () => {
    const bytes = await changed((model) => {
      const { node, initializer } = model.graph!;
      node.forEach((each, i) => {
        each.name = `n${i}`;
        each.input = each.input.map((name) => name.replace('encoding.', 'e/'));
        each.output = each.output.map((name) => name.replace('encoding.', 'e/'));
      });
      for (const tensor of initializer) tensor.name = tensor.name.replace('encoding.', 'e/');
      initializer.reverse();
    });
    expect((await fromOnnx(bytes)).model.hash()).toBe(encodedModel().hash());
    const { message } = await expectCode(
      () => fromOnnx(bytes, { verify: false }),
      'ERR_VERIFICATION_FAILED',
    );
    expect(message).toContain('leave out `verify: false`');
  });

  it('becomes the model again where it takes a fixed number of rows', async () => {
    const bytes = await changed((model) => {
      const type = model.graph!.input[0]!.type!.value;
      if (type.case !== 'tensorType') throw new Error('the input is no tensor');
      type.value.shape!.dim[0]!.value = { case: 'dimValue', value: 5n };
      for (const node of model.graph!.node) node.name = '';
      model.graph!.node.find(({ output }) => output[0] === 'input')!.attribute[0]!.i = -1n;
    });
    expect((await fromOnnx(bytes)).model.hash()).toBe(encodedModel().hash());
  });

  const disagreements: [string, (model: ModelProto) => void][] = [
    ['a centre in its last bit', (model) => setFloat(model, 'encoding.numbers.centres', 0, 1e7)],
    ['a scale', (model) => setFloat(model, 'encoding.numbers.scales', 0, 0.31)],
    ['what is filled in', (model) => setFloat(model, 'encoding.numbers.fills', 0, 0.2)],
    ['the order of categories', (model) => setFloat(model, 'encoding.categories.places', 0, 1)],
    [
      'the column of a category',
      (model) => {
        stored(model, 'encoding.categories.columns').int64Data[0] = 6n;
      },
    ],
    [
      'the order of the inputs',
      (model) => {
        stored(model, 'encoding.order').int64Data.reverse();
      },
    ],
    [
      'an operator',
      (model) => {
        model.graph!.node.find(({ opType }) => opType === 'Sub')!.opType = 'Add';
      },
    ],
    [
      'the number of columns',
      (model) => {
        model.graph!.input = [matrix('features', COLUMNS + 1)];
      },
    ],
    [
      'the type of its input',
      (model) => {
        const type = model.graph!.input[0]!.type!.value;
        if (type.case === 'tensorType') type.value.elemType = TensorProto_DataType.DOUBLE;
      },
    ],
  ];

  it.each(disagreements)('is refused where graph and map differ in %s', async (_, change) => {
    const bytes = await changed(change);
    for (const verify of [true, false]) {
      await expectCode(() => fromOnnx(bytes, { verify }), 'ERR_VERIFICATION_FAILED');
    }
  });

  it('is refused where the map is another, even one with the right hash', async () => {
    const model = encodedModel();
    const [first, ...rest] = INPUT_MAP.columns;
    const inputMap: InputMap = { columns: [{ ...first, centre: 1e7 }, ...rest] };
    const say = (file: ModelProto, hash: string) => {
      const { metadataProps } = file;
      metadataProps.find(({ key }) => key === 'input_map')!.value = JSON.stringify(inputMap);
      metadataProps.find(({ key }) => key === 'parameter_hash')!.value = hash;
      file.metadataProps = metadataProps.filter(({ key }) => key !== 'metadata_hash');
    };
    const hash = parameterHash(model.widths, model.parameters(), inputMap);
    const [old, own] = await Promise.all(
      [model.hash(), hash].map((each) => changed((file) => say(file, each))),
    );
    await expectCode(() => fromOnnx(old!), 'ERR_INVALID_MODEL');
    for (const verify of [true, false]) {
      await expectCode(() => fromOnnx(own!, { verify }), 'ERR_VERIFICATION_FAILED');
    }
  });

  it('is refused where the map is damaged, or of other inputs', async () => {
    for (const text of ['{', '{"columns":[]}', '{"columns":[{"kind":"number"}]}', 'null']) {
      const bytes = await changed((model) => {
        model.metadataProps.find(({ key }) => key === 'input_map')!.value = text;
      });
      const { message } = await expectCode(() => fromOnnx(bytes), 'ERR_INVALID_MODEL');
      expect(message).toContain('the ONNX file: ');
    }
  });

  it('is refused without the tensor `input`, and where the network goes around it', async () => {
    const rename = (model: ModelProto) => {
      for (const node of model.graph!.node) {
        node.input = node.input.map((name) => (name === 'input' ? 'x' : name));
        node.output = node.output.map((name) => (name === 'input' ? 'x' : name));
      }
    };
    const without = await expectCode(
      async () => fromOnnx(await changed(rename)),
      'ERR_UNSUPPORTED_MODEL',
    );
    expect(without.message).toContain('none of its operators makes the tensor `input`');
    const around = await changed((model) => {
      const add = model.graph!.node.find(({ opType }) => opType === 'Relu')!;
      Object.assign(add, { opType: 'Add', input: [add.input[0]!, 'features'] });
    });
    await expectCode(() => fromOnnx(around), 'ERR_UNSUPPORTED_MODEL');
  });
});

it('says of a pipeline that prepares the features how the model can do so', async () => {
  const prepared = await changed(
    (model) => {
      const { node, input } = model.graph!;
      const [first] = node;
      const imputer = create(NodeProtoSchema, {
        ...{ domain: 'ai.onnx.ml', opType: 'Imputer', input: [input[0]!.name], output: ['x'] },
      });
      first!.input[0] = 'x';
      node.unshift(imputer);
    },
    Model.create([4, 3]),
  );
  const { message } = await expectCode(() => fromOnnx(prepared), 'ERR_UNSUPPORTED_MODEL');
  expect(message).toContain('the operator ai.onnx.ml.Imputer "x" prepares the features');
  expect(message).toContain('model.withFacts({inputMap: {columns: [...]}})');
});
