import {
  type KnownFields,
  requireArray,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireObject,
  requireText,
} from '../base/arguments.js';
import { invalidData } from '../base/invalid-data.js';
import type { AffineMap, LabelledData } from '../engine/labelled-data.js';
import type { IdxArray } from './idx.js';

export interface LabelledIdx {
  /** The data set's name; it appears in error messages. */
  readonly name: string;
  /** All dimensions after the first, which is the rows, become the columns. */
  readonly images: IdxArray;
  /** [rows] */
  readonly labels: IdxArray;
  readonly classes: number;
  readonly affine: AffineMap;
}

const SOURCE_NAMES: KnownFields<LabelledIdx> = {
  ...{ name: true, images: true, labels: true, classes: true, affine: true },
};

/**
 * Combines an array of images with an array of their labels.
 *
 * @throws {LetheError} ERR_INVALID_DATA: images of one dimension, labels of several, different
 * counts, or a label that is not in 0..classes-1. ERR_INVALID_ARGUMENT.
 */
export function labelledFromIdx(source: LabelledIdx): LabelledData {
  const { name, images, labels, classes, affine } = requireKnownFields(
    'source',
    source,
    SOURCE_NAMES,
  );
  requireText('name', name);
  for (const [array, { shape, values }] of Object.entries({
    images: requireObject('images', images),
    labels: requireObject('labels', labels),
  })) {
    requireArray(`the shape of ${array}`, shape);
    requireInstance(`the values of ${array}`, values, Uint8Array);
  }
  requireInteger('classes', classes, 1);
  const [rows, ...extents] = images.shape as [number, ...number[]];
  if (extents.length === 0) throw invalidData(name, 'the images have one dimension only');
  if (labels.shape.length !== 1) {
    throw invalidData(name, `the labels have ${labels.shape.length} dimensions instead of one`);
  }
  if (labels.shape[0] !== rows) {
    throw invalidData(name, `there are ${rows} images, but ${labels.shape[0]} labels`);
  }
  const stray = labels.values.findIndex((label) => label >= classes);
  if (stray !== -1) {
    throw invalidData(
      name,
      `row ${stray} has the label ${labels.values[stray]}, not one of 0..${classes - 1}`,
    );
  }
  return {
    name,
    rows,
    columns: extents.reduce((product, extent) => product * extent, 1),
    classes,
    features: images.values,
    affine,
    labels: Uint32Array.from(labels.values),
  };
}
