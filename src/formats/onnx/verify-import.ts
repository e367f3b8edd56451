import { LetheError } from '../../base/errors.js';
import { requireMemory } from '../../base/memory.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { Dataset } from '../../engine/dataset.js';
import { logSoftmax, softmax } from '../../engine/evaluation.js';
import { IDENTITY } from '../../engine/labelled-data.js';
import type { Model } from '../../engine/model.js';
import { concatenate } from '../../engine/parameters.js';
import { compareLogits, DEFAULT_TOLERANCE } from '../../runtime/compare-logits.js';
import { OnnxRuntime } from '../../runtime/onnx-runtime.js';
import { largestSumOfTerms } from '../../runtime/sum-magnitudes.js';
import type { LinearLayer } from '../linear-layers.js';
import { unsupportedModel } from '../model-error.js';
import type { ExternalFiles } from './constant.js';
import type { Head } from './heads.js';
import type { OnnxPerceptron } from './import.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';
import { probeFile } from './probe.js';
import { isFloat } from './rows.js';

const MOST_ROWS = 64;

/** Rows are fewer where a model is so large that these multiply-adds would take longer. */
const MULTIPLY_ADDS = 2 ** 27;

/** How many whole numbers from 0 on an input holds, where they are fewer than those of a byte. */
const WHOLE_NUMBERS: ReadonlyMap<number, number> = new Map([
  [Type.BOOL, 2],
  [Type.INT8, 128],
]);

/** Where the file computes in half precision, its own rounding is of this size. */
const HALF_TOLERANCE = 2e-2;

/**
 * Runs an ONNX file in ONNX Runtime, on zeros and on random rows of the size that its map of the
 * input expects, and compares what it computes with the model that was made of it.
 *
 * @throws {LetheError} ERR_VERIFICATION_FAILED: they differ; the message names the tensor, both values
 * and the largest difference. ERR_RUNTIME: ONNX Runtime is not there, or does not run the file.
 * ERR_UNSUPPORTED_MODEL: too many rows at a time. ERR_OUT_OF_MEMORY.
 */
export async function verifyImport(
  model: Model,
  perceptron: OnnxPerceptron,
  { file, files }: { readonly file: string; readonly files: ExternalFiles },
): Promise<void> {
  const { layers, probes, logits, graph, positive } = perceptron;
  const sizes = layers.reduce((sum, { weight }) => sum + weight.length, 0);
  const fixed = graph.input.dims?.[0];
  const rows = rowsFor(file, sizes, fixed);
  const columns = layers[0]!.inputs;
  requireMemory(file, 4 * Float32Array.BYTES_PER_ELEMENT * rows * columns);
  const raw = sampleRows(perceptron, rows, columns);
  const mapped = mappedRows(perceptron, raw);
  const engine = await engineLogits(model, file, mapped, rows);
  const magnitudes = magnitudesOf(layers, mapped, perceptron);
  const tensors = probes.map((probe) => {
    const width = probe.head.kind === 'sigmoid' ? probe.head.columns.length : logits.outputs;
    return { ...probe, width };
  });
  const probed = probeFile(graph, columns, tensors);
  const theirs = await runtimeValues(probed, { file, files }, raw, [rows, columns, fixed ?? rows]);
  const width = theirs.length / rows;
  let start = 0;
  for (const { tensor, head, width: own } of tensors) {
    const ours = Float32Array.from(valuesOf(engine, model.classes, head, positive));
    const values = columnsOf(theirs, width, start, own);
    start += own;
    const tolerance = logits.isHalf ? HALF_TOLERANCE : DEFAULT_TOLERANCE;
    const { maxAbsDiff, disagreement } = compareLogits(ours, values, own, tolerance, magnitudes);
    if (disagreement) {
      const { row, engine: here, runtime: there, kind } = disagreement;
      const what = kind === 'prediction' ? 'the predicted class' : 'a value';
      throw new LetheError(
        'ERR_VERIFICATION_FAILED',
        `${file}: the imported model does not compute what the file does in ONNX Runtime: on row ` +
          `${row} of ${rows}, ${what} of the tensor ${tensor} is ${here} instead of ${there}; the ` +
          `largest difference is ${maxAbsDiff}. Export the model with its inputs scaled to about 1, ` +
          'or look at it with `verify: false`',
      );
    }
  }
}

function rowsFor(file: string, weights: number, fixed: number | undefined): number {
  const rows = Math.max(4, Math.min(MOST_ROWS, Math.floor(MULTIPLY_ADDS / weights)));
  if (fixed === undefined) return rows;
  if (fixed > MOST_ROWS && fixed * weights > MULTIPLY_ADDS) {
    throw unsupportedModel(
      file,
      `it takes ${fixed} rows at a time, too many to be verified: export it with a number of rows ` +
        'that is not fixed, or give `verify: false`',
    );
  }
  return fixed * Math.ceil(rows / fixed);
}

/** Raw rows: one of zeros, then random ones that the map of the input takes to about -2..2. */
function sampleRows({ logits, graph }: OnnxPerceptron, rows: number, columns: number) {
  const { scale, offset, features } = logits.input;
  const stream = new PhiloxStream(0, PhiloxPurpose.importCheck);
  const raw = new Float32Array(rows * columns);
  const wholeNumbers = WHOLE_NUMBERS.get(graph.input.type) ?? 256;
  for (let row = 1; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      if (!isFloat(graph.input.type)) {
        raw[row * columns + i] = stream.below(wholeNumbers);
        continue;
      }
      const x = 4 * stream.uniform() - 2;
      const u = features ? (x - features.offset[i]!) / features.scale[i]! : x;
      const value = Math.fround((u - offset) / scale);
      raw[row * columns + (features?.source?.[i] ?? i)] = Number.isFinite(value) ? value : x;
    }
  }
  return raw;
}

/** The rows as the model takes them. */
function mappedRows({ affine = IDENTITY }: OnnxPerceptron, raw: Float32Array): Float32Array {
  return raw.map((value) => affine.scale * value + affine.offset);
}

async function engineLogits(model: Model, file: string, features: Float32Array, rows: number) {
  try {
    const { classes } = model;
    const [columns] = model.widths as [number];
    const labels = new Uint32Array(rows);
    const dataset = new Dataset({ name: file, rows, columns, classes, features, labels });
    return await model.logits(dataset, dataset.allRows());
  } catch (cause) {
    const { code, message } = cause as LetheError;
    if (code !== 'ERR_DIVERGED' && code !== 'ERR_INVALID_ARGUMENT') throw cause;
    throw new LetheError(
      'ERR_VERIFICATION_FAILED',
      `${file}: the imported model cannot be compared with ONNX Runtime: ${message}`,
      { cause },
    );
  }
}

/**
 * For each row, the largest sum of the absolute terms of a unit, by which rounding is to be judged.
 * Where the first layer holds a map of the features, its terms count from the centre of that map.
 */
function magnitudesOf(
  layers: readonly LinearLayer[],
  features: Float32Array,
  { logits }: OnnxPerceptron,
): Float64Array {
  const columns = layers[0]!.inputs;
  const map = logits.input.features;
  const centre = new Float64Array(columns);
  map?.scale.forEach((scale, i) => {
    const value = -map.offset[i]! / scale;
    centre[map.source?.[i] ?? i] = Number.isFinite(value) ? value : 0;
  });
  const [first] = layers as [LinearLayer];
  const constants = Float64Array.from(first.bias, (bias, j) => {
    let sum = bias;
    for (let i = 0; i < columns; i++) sum += first.weight[j * columns + i]! * centre[i]!;
    return sum;
  });
  const centred = [{ ...first, bias: constants }, ...layers.slice(1)];
  return Float64Array.from({ length: features.length / columns }, (_, row) =>
    largestSumOfTerms(
      centred,
      centre.map((middle, i) => features[row * columns + i]! - middle),
    ),
  );
}

/** What the model says of a tensor: float64 [rows, width]. */
function valuesOf(engine: Float32Array, classes: number, head: Head, single: 0 | 1 | undefined) {
  if (head.kind === 'softmax') return softmax(engine, classes);
  if (head.kind === 'logSoftmax') return logSoftmax(engine, classes);
  if (head.kind !== 'sigmoid') {
    // Of the two logits of a single one, the other is 0.
    return single === undefined ? engine : engine.filter((_, i) => i % 2 === single);
  }
  const probabilities = softmax(engine, classes);
  const chosen = head.columns.map((column) => (column === 'p' ? single! : 1 - single!));
  return Float64Array.from({ length: (engine.length / 2) * chosen.length }, (_, i) => {
    const row = Math.floor(i / chosen.length);
    return probabilities[2 * row + chosen[i % chosen.length]!]!;
  });
}

/** The columns of a tensor among those of all that were asked for. */
function columnsOf(values: Float32Array, width: number, start: number, count: number) {
  return values.filter((_, i) => i % width >= start && i % width < start + count);
}

/** What ONNX Runtime makes of the rows, as many at a time as the file wants. */
async function runtimeValues(
  probe: Uint8Array,
  { file, files }: { readonly file: string; readonly files: ExternalFiles },
  raw: Float32Array,
  [rows, columns, atOnce]: readonly [number, number, number],
): Promise<Float32Array> {
  let runtime: OnnxRuntime | undefined;
  try {
    runtime = await OnnxRuntime.load(probe, { threads: 1, files });
    const results: Float32Array[] = [];
    for (let row = 0; row < rows; row += atOnce) {
      const part = raw.slice(row * columns, (row + atOnce) * columns);
      results.push(await runtime.run(part, atOnce, columns));
    }
    return concatenate(...results);
  } catch (cause) {
    throw new LetheError(
      'ERR_RUNTIME',
      `${file}: it cannot be verified: ${(cause as Error).message}. Reinstall onnxruntime-node if ` +
        'it is missing; with `verify: false` the model is loaded unverified',
      { cause },
    );
  } finally {
    await runtime?.close();
  }
}
