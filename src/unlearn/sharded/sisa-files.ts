import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireArray, requireInteger, requireObject, requireText } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { ensureFolder, readWholeFile, replaceFile } from '../../base/files.js';
import { ioError } from '../../base/io-error.js';
import { Model } from '../../engine/model.js';
import { checkRecordedRecipe, type RecordedRecipe } from '../../engine/training-recipe.js';
import type { Checkpoint, Shard } from './shard-training.js';
import type { OwnedRows } from './shards.js';

/** The complete state of a Sisa. */
export interface SisaState {
  /** Inputs, hidden layers, classes of every model. */
  readonly widths: readonly number[];
  /** All rows of the data set, including those not trained on. */
  readonly datasetRows: number;
  /** By which every shard is trained. */
  readonly recipe: RecordedRecipe;
  readonly shards: readonly Shard[];
}

/**
 * A saved Sisa is a folder: `sisa.json` with everything but the parameters, and a model file for
 * each checkpoint, named by its hash. Files of the same name hold the same bits, so saving over an
 * earlier state keeps it valid until `sisa.json` is replaced; only then are the old models removed.
 */
const MANIFEST = 'sisa.json';
const FORMAT = 'lethe-sisa';
const VERSION = 2;

/**
 * Names of files that only this module writes, including temporary ones that a crash left behind.
 */
const OURS = /^([0-9a-f]{64}\.safetensors|sisa\.json)(\.[0-9a-f-]{36}\.tmp)?$/;

const fileOf = (hash: string) => `${hash}.safetensors`;

/** @throws {LetheError} ERR_IO, ERR_BUSY */
export async function writeSisa(folder: string, state: SisaState): Promise<void> {
  await ensureFolder(folder);
  const current = new Set([MANIFEST]);
  for (const { model } of state.shards.flatMap(({ checkpoints }) => checkpoints)) {
    const file = fileOf(model.hash());
    await model.save(join(folder, file));
    current.add(file);
  }
  await replaceFile(join(folder, MANIFEST), encodeManifest(state));
  try {
    for (const name of await readdir(folder)) {
      if (OURS.test(name) && !current.has(name)) await rm(join(folder, name), { force: true });
    }
  } catch (cause) {
    throw ioError('remove earlier models from', folder, cause);
  }
}

/** @throws {LetheError} ERR_IO, ERR_INVALID_MODEL */
export async function readSisa(folder: string): Promise<SisaState> {
  const path = join(folder, MANIFEST);
  const text = (await readWholeFile(path)).toString('utf8');
  const { shards, ...manifest } = decodeManifest(text);
  const read: Shard[] = [];
  for (const shard of shards) {
    const checkpoints: Checkpoint[] = [];
    for (const { hash, ...cost } of shard.checkpoints) {
      const model = await Model.load(join(folder, fileOf(hash)));
      if (model.hash() !== hash || model.widths.join() !== manifest.widths.join()) {
        throw invalid(`${fileOf(hash)} holds a model of another hash or other widths`);
      }
      checkpoints.push({ model, ...cost });
    }
    read.push({ ...shard, checkpoints });
  }
  return { ...manifest, shards: read };
}

/** A shard with the hashes of its models. */
type HashedShard = Omit<Shard, 'checkpoints'> & {
  readonly checkpoints: readonly (Omit<Checkpoint, 'model'> & { readonly hash: string })[];
};
type Manifest = Omit<SisaState, 'shards'> & { readonly shards: readonly HashedShard[] };

function encodeManifest({ widths, datasetRows, recipe, shards }: SisaState): string {
  const body = {
    ...{ format: FORMAT, version: VERSION, widths, datasetRows, recipe },
    shards: shards.map(({ slices, seeds, checkpoints }) => ({
      seeds,
      slices: slices.map(({ rows, owners }) => ({ rows: [...rows], owners: [...owners] })),
      checkpoints: checkpoints.map(({ model, steps, multiplyAdds, reasons }) => ({
        ...{ hash: model.hash(), steps, multiplyAdds, reasons },
      })),
    })),
  };
  return `${JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) })}\n`;
}

function decodeManifest(text: string): Manifest {
  try {
    const { sha256: expected, ...body } = requireObject(MANIFEST, JSON.parse(text));
    if (body.format !== FORMAT || body.version !== VERSION) {
      throw invalid(`${MANIFEST} is not a ${FORMAT} of version ${VERSION}`);
    }
    if (sha256(JSON.stringify(body)) !== expected)
      throw invalid(`the contents of ${MANIFEST} do not match its SHA-256`);
    const { widths, datasetRows, recipe, shards } = body;
    for (const width of requireArray('widths', widths)) requireInteger('a width', width, 1);
    requireInteger('datasetRows', datasetRows, 1);
    const taken = new Uint8Array(datasetRows);
    const decoded = requireArray<HashedShard>('shards', shards).map((shard) =>
      decodeShard(shard, taken),
    );
    if (!decoded.some(({ checkpoints }) => checkpoints.length > 0))
      throw invalid(`${MANIFEST} lists no model`);
    return { widths, datasetRows, recipe: checkRecordedRecipe(recipe), shards: decoded };
  } catch (cause) {
    if (cause instanceof LetheError && cause.code === 'ERR_INVALID_MODEL') throw cause;
    throw invalid((cause as Error).message, cause);
  }
}

/** @param taken one byte for each row of the data set: 1 if it is already in a shard */
function decodeShard(json: HashedShard, taken: Uint8Array): HashedShard {
  const { slices, seeds, checkpoints } = requireObject('a shard', json);
  for (const seed of requireArray('seeds', seeds)) requireInteger('a seed', seed, 0);
  requireArray('slices', slices);
  if (seeds.length !== slices.length)
    throw invalid(`there are ${seeds.length} seeds for ${slices.length} slices`);
  const decoded = slices.map((slice) => decodeSlice(slice, taken));
  const left = decoded.some(({ rows }) => rows.length > 0);
  if (requireArray('checkpoints', checkpoints).length !== (left ? slices.length : 0)) {
    throw invalid('a shard must have one checkpoint for each slice, and none if it is empty');
  }
  for (const { hash, steps, multiplyAdds, reasons } of checkpoints) {
    if (!/^[0-9a-f]{64}$/.test(requireText('a hash', hash)))
      throw invalid('the hash of a checkpoint is not a SHA-256');
    requireInteger('steps', steps, 0);
    requireInteger('multiplyAdds', multiplyAdds, 0);
    for (const reason of requireArray('reasons', reasons)) requireText('a reason', reason);
  }
  return { seeds, slices: decoded, checkpoints };
}

function decodeSlice({ rows, owners }: OwnedRows, taken: Uint8Array): OwnedRows {
  const list = (name: string, values: unknown, maximum: number) =>
    Uint32Array.from(requireArray(name, values as number[]), (value) =>
      requireInteger(name, value, 0, maximum),
    );
  const slice = {
    rows: list('rows', rows, taken.length - 1),
    owners: list('owners', owners, 0xffffffff),
  };
  if (slice.rows.length !== slice.owners.length)
    throw invalid('a slice must have one owner for each row');
  for (const row of slice.rows) {
    if (taken[row]) throw invalid(`row ${row} is in two slices, or twice in one`);
    taken[row] = 1;
  }
  return slice;
}

function sha256(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex');
}

function invalid(message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_MODEL', `saved Sisa: ${message}`, { cause });
}
