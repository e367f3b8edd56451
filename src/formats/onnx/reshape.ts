import type { Constant } from './constant.js';
import type { OnnxNode } from './node.js';
import {
  axesOf,
  axisOf,
  featuresOf,
  reshaped,
  type ShapeValue,
  type Size,
  sizesOf,
} from './shapes.js';

/**
 * The shape after Reshape, Flatten, Squeeze or Unsqueeze, which leave the values of a row together.
 *
 * @param dims the shape before; exactly one size is 'rows'
 * @param shape the second input
 * @param fixedRows the number of rows, where the file fixes it
 * @throws {LetheError} ERR_UNSUPPORTED_MODEL: it would tear rows apart or join them
 */
export function shapeAfter(
  node: OnnxNode,
  dims: readonly Size[],
  shape: ShapeValue | Constant | undefined,
  fixedRows: number | undefined,
): Size[] {
  if (node.operator === 'Flatten') return flattened(node, dims);
  if (node.operator === 'Reshape') return reshapedRows(node, dims, sizesOf(node, shape), fixedRows);
  return reshaped(node, dims, axesOf(node, shape?.kind === 'constant' ? shape : undefined));
}

function flattened(node: OnnxNode, dims: readonly Size[]): Size[] {
  const axis = node.integer('axis', 1);
  const at = axis === dims.length ? axis : axisOf(node, axis, dims.length);
  const [outer, inner] = [dims.slice(0, at), dims.slice(at)];
  if (outer.some((size) => size !== 1 && size !== 'rows') || !outer.includes('rows')) {
    throw node.unsupported('must have axis 1, so that rows stay rows');
  }
  return ['rows', featuresOf(inner)];
}

function reshapedRows(
  node: OnnxNode,
  dims: readonly Size[],
  wanted: readonly Size[],
  fixedRows: number | undefined,
): Size[] {
  const refused = () => {
    const text = wanted.map((size) => (size === 'rows' ? 'N' : (size ?? '?')));
    return node.unsupported(`to [${text}] does not keep the rows`);
  };
  const features = featuresOf(dims);
  const isLeading = dims.slice(0, dims.indexOf('rows')).every((size) => size === 1);
  const copies = node.integer('allowzero', 0) === 0;
  const sizes = wanted.map((size, axis) => (size === 0 && copies ? dims[axis] : size));
  const axis = axisOfRows(sizes, features, fixedRows);
  if (axis < 0 || !(isLeading || features === 1)) throw refused();
  const others = sizes.with(axis, 'rows');
  const open = others.filter((size) => size === -1 || size === undefined).length;
  const known = featuresOf(others.map((size) => (size === -1 || size === undefined ? 1 : size)))!;
  const rest = open === 1 && features !== undefined ? features / known : undefined;
  const result = others.map((size) => (size === -1 || size === undefined ? rest : size));
  const isWhole = rest === undefined || (Number.isInteger(rest) && rest > 0);
  const total = featuresOf(result);
  const fits = features === undefined || total === undefined || total === features;
  const before = result.slice(0, axis);
  if (!isWhole || !fits || before.some((size) => size !== 1)) throw refused();
  return result;
}

/** Which size of a new shape is that of the rows; -1 if none can be. */
function axisOfRows(
  sizes: readonly Size[],
  features: number | undefined,
  fixedRows: number | undefined,
): number {
  const named = sizes.indexOf('rows');
  if (named >= 0) return named;
  const others = (axis: number) => featuresOf(sizes.filter((_, i) => i !== axis));
  const rest = sizes.indexOf(-1);
  if (rest >= 0) {
    const count = others(rest);
    if (count === features || (features === undefined && rest === 0)) return rest;
  }
  return sizes.findIndex((size, axis) => {
    if (fixedRows === undefined || size !== fixedRows) return false;
    return (rest >= 0 && rest !== axis) || others(axis) === features;
  });
}
