import type { Constant } from './constant.js';
import type { OnnxNode } from './node.js';
import { shapeAfter } from './reshape.js';
import { isFloat, type RowsValue } from './rows.js';
import { axisOf, featuresOf, type ShapeValue, type Size } from './shapes.js';

/** What a tensor holds for each row, as a function of the logits z. */
export type Head =
  | { readonly kind: 'logits' | 'softmax' | 'logSoftmax' }
  /** Probabilities of two classes by a single logit: in each column p = sigmoid(z), or 1 - p. */
  | { readonly kind: 'sigmoid'; readonly columns: readonly ('p' | '1 - p')[] };

/** The class, 0 or 1, whose probability is sigmoid(z); a single column is that of class 1. */
export function positiveClass({ columns }: Head & { kind: 'sigmoid' }): 0 | 1 {
  const [first] = columns;
  return (columns.length === 1) === (first === 'p') ? 1 : 0;
}

/** A tensor whose values a runtime can be asked for. */
export interface Probe {
  readonly tensor: string;
  readonly head: Head;
}

/** The end of a network: a function of its logits. */
export interface EndValue {
  /** `scores`: one for each class. `names`: what only names a class. */
  readonly kind: 'scores' | 'names';
  readonly logits: RowsValue;
  readonly head: Head;
  readonly dims: readonly Size[];
  /** The operator that made scores of logits. */
  readonly node: OnnxNode;
  /** Tensors on the way, the logits first. */
  readonly probes: readonly Probe[];
}

/** What a tensor of the graph is, by what it depends on. */
export type OnnxValue = Constant | ShapeValue | RowsValue | EndValue;

/** Operators that name a class, or order the classes, by the scores of all; and their usual axis. */
const RANKING: ReadonlyMap<string, number | undefined> = new Map([
  ['ArgMax', 0],
  ['TopK', -1],
  ['Hardmax', -1],
  ['ai.onnx.ml.ZipMap', undefined],
]);

/** Operators that name one of two classes by a single score; the place of the score where it is larger. */
const THRESHOLDS: ReadonlyMap<string, number> = new Map([
  ['Greater', 0],
  ['GreaterOrEqual', 0],
  ['Less', 1],
  ['LessOrEqual', 1],
  ['Round', 0],
  ['ai.onnx.ml.Binarizer', 0],
]);

/** Where one of two classes is as likely as the other: of its probability, and of its logit. */
const EVEN = { probability: 0.5, logit: 0 };

/** A score by which an operator may name a class. */
interface Score {
  readonly dims: readonly Size[];
  readonly level: number;
  /** The place of the score among the operator's inputs, and these. */
  readonly at: number;
  readonly inputs: readonly (OnnxValue | undefined)[];
}

/** Refuses a threshold at which the file would name another class than the likelier one. */
function requireEven(node: OnnxNode, { level, at, inputs }: Score): void {
  const isCompared = node.operator !== 'Round' && node.operator !== 'ai.onnx.ml.Binarizer';
  const other = inputs[1 - at];
  const isEven = isCompared
    ? other?.kind === 'constant' && other.values.every((value) => value === level)
    : level === (node.operator === 'Round' ? EVEN.probability : node.float('threshold', 0));
  if (at === THRESHOLDS.get(node.operator) && isEven) return;
  throw node.unsupported(
    'names another class than the likelier one, which is that above 0.5 of a probability or 0 of a ' +
      'logit: export the model without it, and apply your threshold to the probabilities',
  );
}

/** Operators that only write the name of a class in another way, by stored tables. */
const RENAMING: readonly string[] = [
  ...['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Gather', 'Where', 'Not'],
  ...['OneHot', 'ai.onnx.ml.ArrayFeatureExtractor', 'ai.onnx.ml.LabelEncoder', 'ai.onnx.ml.ZipMap'],
];

const isClassAxis = (dims: readonly Size[], axis: number) =>
  dims.every((size, i) => i === axis || size === 'rows' || size === 1);

/** Whether an operator only names classes by scores; `count` is the scores of a row. */
function isNaming(node: OnnxNode, score: Score, count: number | undefined): boolean {
  const { dims } = score;
  if (THRESHOLDS.has(node.operator)) {
    if (count === 1) requireEven(node, score);
    return count === 1;
  }
  if (!RANKING.has(node.operator)) return false;
  if (node.operator === 'TopK' && node.integer('largest', 1) !== 1) {
    throw node.unsupported('must order the classes from the likeliest on');
  }
  const axis = node.integer('axis', RANKING.get(node.operator) ?? -1);
  const at = axisOf(node, axis, dims.length);
  if (isClassAxis(dims, at) && dims[at] !== 'rows') return true;
  throw node.unsupported('must go over the classes');
}

/** Names of classes written in another way; whatever else is computed with them is refused. */
export function namesAfter(
  node: OnnxNode,
  names: EndValue,
  inputs: readonly (OnnxValue | undefined)[],
): EndValue {
  const isStored = inputs.every(
    (input) => input === names || !input || input.kind === 'constant' || input.kind === 'shape',
  );
  if (isStored && RENAMING.includes(node.operator)) return names;
  throw node.unsupported('computes with the names of classes, or with a comparison');
}

/** Scores or names of classes by an operator on logits; undefined if it is another operator. */
export function endOf(
  node: OnnxNode,
  inputs: readonly (OnnxValue | undefined)[],
  at: number,
  opset: number,
) {
  const rows = inputs[at] as RowsValue;
  const tensor = node.inputs[at]!;
  const end = (kind: EndValue['kind'], head: Head): EndValue => ({
    ...{ kind, logits: rows, head, dims: rows.dims, node },
    probes: [{ tensor, head: { kind: 'logits' } }],
  });
  const score = { dims: rows.dims, level: EVEN.logit, at, inputs };
  if (isNaming(node, score, rows.features)) return end('names', { kind: 'logits' });
  if (node.operator === 'Softmax' || node.operator === 'LogSoftmax') {
    const axis = axisOf(node, node.integer('axis', opset < 13 ? 1 : -1), rows.dims.length);
    if (!isClassAxis(rows.dims, axis) || rows.dims[axis] === 'rows') {
      throw node.unsupported('must go over the classes');
    }
    rows.requireFloat(node);
    return end('scores', { kind: node.operator === 'Softmax' ? 'softmax' : 'logSoftmax' });
  }
  if (node.operator !== 'Sigmoid') return undefined;
  rows.requireFloat(node);
  if (rows.features !== 1) {
    throw node.unsupported(
      `is computed of ${rows.features ?? 'several'} values: as an activation between layers the ` +
        'engine does not have it, train with ReLU; at the end it takes a single logit, and several ' +
        'are labels that do not exclude each other',
    );
  }
  return end('scores', { kind: 'sigmoid', columns: ['p'] });
}

/** What an operator makes of scores. */
export function scoresAfter(
  node: OnnxNode,
  inputs: readonly (OnnxValue | undefined)[],
  fixedRows: number | undefined,
): EndValue {
  const at = inputs.findIndex((input) => input?.kind === 'scores');
  const scores = inputs[at] as EndValue;
  const { head, dims } = scores;
  const other = inputs[1 - at];
  // Of a single column 1 - p, the larger score would be that of the other class.
  const isOther = head.kind === 'sigmoid' && head.columns.length === 1 && head.columns[0] !== 'p';
  const level = isOther ? Number.NaN : EVEN.probability;
  if (isNaming(node, { dims, level, at, inputs }, featuresOf(dims))) {
    const probes = [...scores.probes, { tensor: node.inputs[at]!, head }];
    return { ...scores, kind: 'names', probes };
  }
  switch (node.operator) {
    case 'Identity':
      return scores;
    case 'Cast':
      if (isFloat(node.integer('to', 1))) return scores;
      break;
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze': {
      const shape = other?.kind === 'constant' || other?.kind === 'shape' ? other : undefined;
      return { ...scores, dims: shapeAfter(node, dims, shape, fixedRows) };
    }
    case 'Log':
      if (head.kind === 'softmax') return { ...scores, head: { kind: 'logSoftmax' } };
      break;
    case 'Sub':
      if (head.kind === 'sigmoid' && at === 1 && isOne(other)) {
        const columns = head.columns.map((column) => (column === 'p' ? '1 - p' : 'p'));
        return { ...scores, head: { kind: 'sigmoid', columns } };
      }
      break;
    case 'Concat':
      return joined(node, inputs);
    case 'ai.onnx.ml.Normalizer': {
      // What adds up to 1 already stays as it is.
      const isWhole =
        head.kind === 'softmax' || (head.kind === 'sigmoid' && featuresOf(dims) === 2);
      if (isWhole && node.text('norm', 'MAX') === 'L1') return scores;
    }
  }
  throw scores.node.unsupported(
    `is read by ${node}: between layers the engine has ReLU alone, and at the end a ` +
      'Softmax, LogSoftmax or Sigmoid',
  );
}

/** The probabilities of two classes side by side. */
function joined(node: OnnxNode, inputs: readonly (OnnxValue | undefined)[]): EndValue {
  const parts = inputs.flatMap((input) => (input?.kind === 'scores' ? [input] : []));
  const [first] = parts as [EndValue];
  const axis = axisOf(node, node.integer('axis', -1), first.dims.length);
  const columns = parts.flatMap(({ head }) => (head.kind === 'sigmoid' ? head.columns : []));
  const fits =
    parts.length === inputs.length &&
    parts.every(({ logits, dims }) => logits.isSameAs(first.logits) && isClassAxis(dims, axis)) &&
    first.dims[axis] !== 'rows' &&
    columns.length === 2 &&
    columns[0] !== columns[1];
  if (!fits) throw node.unsupported('must join the probabilities 1 - p and p of one Sigmoid');
  return {
    ...first,
    head: { kind: 'sigmoid', columns },
    dims: first.dims.with(axis, 2),
  };
}

function isOne(value: OnnxValue | undefined): boolean {
  return value?.kind === 'constant' && value.values.every((number) => number === 1);
}
