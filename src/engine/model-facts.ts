import { type KnownFields, requireKnownFields } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireNames } from './class-names.js';
import type { Dataset } from './dataset.js';
import { checkInputMap, type InputMap } from './encoding/input-map.js';
import { requireEncoding } from './encoding/input-rows.js';
import { requireMap } from './feature-map.js';
import { type AffineMap, IDENTITY } from './labelled-data.js';
import { checkRecordedRecipe, type RecordedRecipe } from './training-recipe.js';

/**
 * What a model knows of itself beside its parameters. Schema and hyper-parameters only, but for the
 * digest and the input map: a statistic of rows would outlive them in the model's file.
 */
export interface ModelFacts {
  /**
   * How the model was trained from the beginning, if trainModel or a retrain by a recorded recipe
   * made it: exactRetrain uses it again.
   */
  readonly recipe?: RecordedRecipe | undefined;
  /** [classes], the names of the classes 0, 1, ... */
  readonly classNames?: readonly string[] | undefined;
  /** The names of the columns that the model takes: of its inputs, or of those that it encodes. */
  readonly featureNames?: readonly string[] | undefined;
  /**
   * How the model takes raw values, where its data set's columns are encoded. Like the parameters it
   * was fitted on rows: an exact retrain fits it anew, approximate methods keep it.
   */
  readonly inputMap?: InputMap | undefined;
  /** Maps bytes, or raw values, to the model's inputs, where it was trained on such. */
  readonly affine?: AffineMap | undefined;
  /**
   * `dataset.digest` of the rows that the model was trained on, if it was asked for. Whoever has it
   * and all rows but one can test a guess of that one: it belongs to those who may have the rows.
   */
  readonly dataDigest?: string | undefined;
}

const FACTS: KnownFields<ModelFacts> = {
  ...{ recipe: true, classNames: true, featureNames: true, affine: true, dataDigest: true },
  inputMap: true,
};

const DIGEST = /^[0-9a-f]{64}$/;

/**
 * A frozen copy without what is undefined.
 *
 * @param widths of the model
 * @throws {LetheError} ERR_INVALID_ARGUMENT: names that are not one for each class or input, and
 * otherwise not what ModelFacts says; ERR_INVALID_MODEL: not a recorded recipe
 */
export function checkModelFacts(widths: readonly number[], wanted: ModelFacts): ModelFacts {
  const facts = requireKnownFields('facts', wanted, FACTS);
  const { recipe, classNames, featureNames, affine, dataDigest } = facts;
  if (dataDigest !== undefined && !(typeof dataDigest === 'string' && DIGEST.test(dataDigest))) {
    throw new LetheError('ERR_INVALID_ARGUMENT', 'dataDigest must be a SHA-256 in hex');
  }
  if (facts.inputMap && affine) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'a model takes raw values by an input map, other features by an affine map: leave one out',
    );
  }
  const inputMap = facts.inputMap && checkInputMap(facts.inputMap, widths[0]!);
  const columns = inputMap?.columns.length ?? widths[0]!;
  return Object.freeze({
    ...(recipe && { recipe: checkRecordedRecipe(recipe) }),
    ...(classNames && { classNames: requireNames('classNames', classNames, widths.at(-1)!) }),
    ...(featureNames && { featureNames: requireNames('featureNames', featureNames, columns) }),
    ...(inputMap && { inputMap }),
    ...(affine && { affine: Object.freeze(requireMap(affine)) }),
    ...(dataDigest && { dataDigest }),
  });
}

/**
 * All but the digest: for exports, which go to those who may not have the rows, and for parameters that
 * other rows have changed.
 */
export function withoutDigest({ dataDigest: _, ...facts }: ModelFacts): ModelFacts {
  return facts;
}

/**
 * What a model that was trained on a data set knows of it: its schema, and the map that its encoding was
 * fitted to, where it has one.
 */
export function factsOfSchema(
  dataset: Dataset,
  widths: readonly number[],
  inputMap?: InputMap,
): ModelFacts {
  const { classNames, featureNames } = dataset;
  const affine = mapOf(dataset);
  // A selection may have a column twice, which no name would tell from itself.
  const areDistinct = new Set(featureNames).size === featureNames?.length;
  return {
    // A model may have more classes than the data set, whose names nobody knows.
    ...(classNames?.length === widths.at(-1) && { classNames }),
    ...(areDistinct && dataset.inputs === widths[0] && { featureNames }),
    ...(affine && { affine }),
    ...(inputMap && { inputMap }),
  };
}

/**
 * Refuses data whose classes, columns or normalization are not those that the model knows: the
 * same numbers would mean something else. Fewer classes of the same names are those that come first.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireSchema(facts: ModelFacts, dataset: Dataset): void {
  const { classNames, featureNames, affine, inputMap } = facts;
  requireEncoding(inputMap, dataset);
  const place = firstDifference(classNames, dataset.classNames);
  if (place !== undefined) {
    throw otherSchema(
      `class ${place} of ${dataset.name} is ${shown(dataset.classNames, place)}, but that of the ` +
        `model is ${shown(classNames, place)}: make the data set with classNames: model.classNames`,
    );
  }
  const column = firstDifference(featureNames, dataset.featureNames);
  if (column !== undefined) {
    throw otherSchema(
      `column ${column} of ${dataset.name} is ${shown(dataset.featureNames, column)}, but the model ` +
        `takes ${shown(featureNames, column)} there: name the columns in the model's order`,
    );
  }
  if (!affine || dataset.inputMap) return;
  const own = mapOf(dataset) ?? IDENTITY;
  if (affine.scale === own.scale && affine.offset === own.offset) return;
  const takes = `the model takes what is mapped by ${JSON.stringify(affine)}`;
  throw otherSchema(
    mapOf(dataset)
      ? `${dataset.name} is mapped by ${JSON.stringify(own)}, but ${takes}: make the data set with ` +
          'affine: model.facts.affine'
      : `${dataset.name} has float32 features as they are, but ${takes}: make the data set with ` +
          'affine: model.facts.affine, or, if they are mapped already, with ' +
          'affine: {...model.facts.affine, applied: true}',
  );
}

/** The map from raw features to a data set's inputs; undefined where its features are taken as they are. */
function mapOf({ storage, affine, mappedBy }: Dataset): AffineMap | undefined {
  return storage === 'bytes' ? affine : mappedBy;
}

/** The first of their places that holds another name than ours, if both are known. */
function firstDifference(
  ours: readonly string[] | undefined,
  theirs: readonly string[] | undefined,
): number | undefined {
  if (!ours || !theirs) return undefined;
  const place = theirs.findIndex((name, i) => name !== ours[i]);
  return place < 0 ? undefined : place;
}

function shown(names: readonly string[] | undefined, place: number): string {
  return names && place < names.length ? JSON.stringify(names[place]) : 'none';
}

function otherSchema(message: string): LetheError {
  return new LetheError('ERR_INVALID_ARGUMENT', message);
}

const METADATA = {
  recipe: 'recipe',
  classNames: 'class_names',
  featureNames: 'feature_names',
  inputMap: 'input_map',
  affine: 'affine',
  dataDigest: 'data_digest',
} as const;

/** As texts for the metadata of a file: JSON, but for the digest. */
export function encodeFacts(facts: ModelFacts): Record<string, string> {
  const entries = Object.entries(METADATA).flatMap(([name, key]) => {
    const value = facts[name as keyof ModelFacts];
    if (value === undefined) return [];
    return [[key, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
  return Object.fromEntries(entries);
}

/** Whether metadata of encodeFacts hold an input map. */
export function statesInputMap(metadata: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(metadata, METADATA.inputMap);
}

/**
 * Reads what encodeFacts has written; other metadata are not looked at.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: names the entry
 */
export function decodeFacts(
  widths: readonly number[],
  metadata: Readonly<Record<string, string>>,
): ModelFacts {
  const facts: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(METADATA)) {
    const text = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    if (text !== undefined) facts[name] = name === 'dataDigest' ? text : parsed(key, text);
  }
  try {
    return checkModelFacts(widths, facts);
  } catch (cause) {
    const { message } = cause as Error;
    throw new LetheError('ERR_INVALID_MODEL', `what the model says of itself: ${message}`, {
      cause,
    });
  }
}

/** Null says nothing, which an entry that is there may not. */
function parsed(key: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notSaved(key, cause);
  }
  if (typeof value !== 'object' || value === null) throw notSaved(key);
  return value;
}

function notSaved(key: string, cause?: unknown): LetheError {
  return new LetheError(
    'ERR_INVALID_MODEL',
    `the entry ${key} of the model is not JSON of an object or a list`,
    { cause },
  );
}
