import { requireMemory } from '../../base/memory.js';
import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import { inputsOf } from '../../engine/encoding/column-encoding.js';
import {
  type FittedColumn,
  type FittedNumber,
  type InputMap,
  nativeEncoding,
} from '../../engine/encoding/input-map.js';
import { verificationFailed } from '../model-error.js';
import { type ExternalFiles, ImportBudget, readTensor } from './constant.js';
import { encoding } from './encoding-nodes.js';
import { INPUT } from './export.js';
import type { OnnxGraph } from './graph.js';
import type { OnnxNode } from './node.js';
import { type NodeProto, type TensorProto, TensorProto_DataType as Type } from './onnx_pb.js';
import { probedValues } from './probe.js';

/** Before those that go through the categories, which are the same for columns of as many. */
const RANDOM_ROWS = 64;

/** Rows are fewer where a map makes so many inputs that these would take more values. */
const MOST_VALUES = 2 ** 24;

/**
 * Requires that a graph makes the inputs that a map makes of raw values. Where its operators are those
 * that Lethe writes, its constants must be, too, bit for bit. Where another program has changed the
 * operators, ONNX Runtime must compute every bit of the inputs of rows that together have each category,
 * each missing value and numbers around each centre.
 *
 * @param verify whether ONNX Runtime may be asked
 * @throws {LetheError} ERR_VERIFICATION_FAILED; ERR_RUNTIME; ERR_OUT_OF_MEMORY
 */
export async function requireEncoding(
  map: InputMap,
  graph: OnnxGraph,
  { files, verify }: { readonly files: ExternalFiles; readonly verify: boolean },
): Promise<void> {
  const { file } = graph;
  const { dims, type } = graph.input;
  const [rows, columns] = dims ?? [];
  if (type !== Type.FLOAT || dims?.length !== 2 || columns !== map.columns.length) {
    const shape = dims?.map((size) => size ?? 'N').join(', ');
    throw verificationFailed(
      file,
      `its graph takes values of type ${Type[type] ?? type} and of shape [${shape ?? '?'}], but the ` +
        `input map in its metadata is of float32 rows of ${map.columns.length} columns`,
    );
  }
  const { nodes, initializers } = encoding(map, { input: graph.input.name, output: INPUT });
  if (areNodesOf(graph, nodes)) {
    const other = initializers.find((wanted) => !isSameTensor(wanted, graph, files));
    if (!other) return;
    throw verificationFailed(
      file,
      `the constant ${other.name} is not what the input map in its metadata says. Export the model ` +
        'from Lethe again',
    );
  }
  if (!verify) {
    throw verificationFailed(
      file,
      'its operators are not those that the input map in its metadata is written as, and whether they ' +
        'compute the same is found only by running them: leave out `verify: false`',
    );
  }
  await verifyInputs(map, graph, files, rows);
}

/** Whether just these operators make a graph's inputs. */
function areNodesOf(graph: OnnxGraph, nodes: readonly NodeProto[]): boolean {
  return (
    graph.order(INPUT).length === nodes.length &&
    nodes.every((wanted) => isSameNode(wanted, graph.sourceOf(wanted.output[0]!)))
  );
}

function isSameNode({ opType, input, attribute }: NodeProto, found: OnnxNode | undefined): boolean {
  return (
    found?.operator === opType &&
    found.inputs.join('\n') === input.join('\n') &&
    found.proto.attribute.length === attribute.length &&
    attribute.every(({ name, i }) => found.integer(name, Number.NaN) === Number(i))
  );
}

function isSameTensor(wanted: TensorProto, graph: OnnxGraph, files: ExternalFiles): boolean {
  const { file, initializers } = graph;
  const stored = initializers.get(wanted.name);
  if (!stored) return false;
  const context = { name: wanted.name, file, budget: new ImportBudget(file), files };
  const [ours, theirs] = [wanted, stored].map((tensor) => readTensor(tensor, context));
  return (
    theirs!.type === ours!.type &&
    theirs!.dims.join() === ours!.dims.join() &&
    theirs!.values.every((value, i) => Object.is(value, ours!.values[i]))
  );
}

async function verifyInputs(
  map: InputMap,
  graph: OnnxGraph,
  files: ExternalFiles,
  fixedRows: number | undefined,
): Promise<void> {
  const inputs = inputsOf(map.columns);
  const wanted = Math.min(RANDOM_ROWS + mostPlaces(map), Math.ceil(MOST_VALUES / inputs));
  const rows = fixedRows === undefined ? wanted : fixedRows * Math.ceil(wanted / fixedRows);
  requireMemory(graph.file, 4 * Float32Array.BYTES_PER_ELEMENT * rows * inputs);
  const features = sampleRawRows(map, rows);
  const expected = nativeEncoding(map).encode({ features });
  const theirs = await probedValues(
    graph,
    [{ tensor: INPUT, width: inputs }],
    { features, rows, columns: map.columns.length, atOnce: fixedRows ?? rows },
    files,
  );
  const at = theirs.findIndex((value, i) => !Object.is(value, expected[i]));
  if (at < 0) return;
  throw verificationFailed(
    graph.file,
    'its graph does not make the inputs that the input map in its metadata makes: input ' +
      `${at % inputs} is ${theirs[at]} instead of ${expected[at]}. Export the model from Lethe again`,
  );
}

/** What a column may hold beside numbers: categories, an unknown one, and no value. */
function placesOf(column: FittedColumn): { known: number; all: number } {
  const known =
    column.kind === 'category'
      ? column.categories.length + Number(column.unknown !== undefined)
      : 7;
  return { known, all: known + Number(column.missing !== undefined) };
}

function mostPlaces({ columns }: InputMap): number {
  return columns.reduce((most, column) => Math.max(most, placesOf(column).all), 0);
}

/**
 * Raw rows that a map takes: numbers within two scales of the centre, and categories, first at
 * random, then one after the other. Every so often a value is missing, where values may be.
 */
export function sampleRawRows({ columns }: InputMap, rows: number): Float32Array {
  const stream = new PhiloxStream(0, PhiloxPurpose.importCheck);
  const raw = new Float32Array(rows * columns.length);
  for (const [i, column] of columns.entries()) {
    const { known, all } = placesOf(column);
    for (let row = 0; row < rows; row++) {
      const place = row < RANDOM_ROWS ? stream.below(all) : (row - RANDOM_ROWS) % all;
      const value = column.kind === 'category' ? place : numberNear(column, stream);
      raw[row * columns.length + i] = place === known ? Number.NaN : value;
    }
  }
  return raw;
}

function numberNear({ fill = 0, centre = fill, scale = 1 }: FittedNumber, stream: PhiloxStream) {
  const value = Math.fround(centre + scale * (4 * stream.uniform() - 2));
  return Number.isFinite(value) ? value : centre;
}
