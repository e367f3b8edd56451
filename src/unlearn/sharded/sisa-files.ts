import { join } from 'node:path';
import { requireArray, requireInteger, requireObject, requireText } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { withLockedFolder } from '../../base/files/lock-folder.js';
import { replaceFile } from '../../base/files/replace-file.js';
import { ensureFolder, readWholeFile } from '../../base/files.js';
import { Model } from '../../engine/model.js';
import { type RowId, requireName } from '../../engine/packed-ids.js';
import { quoted } from '../../engine/row-ids.js';
import { checkRecordedRecipe, type RecordedRecipe } from '../../engine/training-recipe.js';
import type { Checkpoint, Shard } from './shard-training.js';
import type { OwnedRows } from './shards.js';
import {
  fileOf,
  notePending,
  pendingIn,
  removeLeftovers,
  requireHash,
  textIn,
} from './sisa-leftovers.js';

/** The complete state of a Sisa. */
export interface SisaState {
  /** Inputs, hidden layers, classes of every model. */
  readonly widths: readonly number[];
  /** All rows of the data set of the last training, including those not trained on. */
  readonly datasetRows: number;
  /** By which every shard is trained. */
  readonly recipe: RecordedRecipe;
  readonly shards: readonly Shard[];
}

/**
 * A saved Sisa is a folder: `sisa.json` with everything but the parameters, and a model file for
 * each checkpoint, named by its hash. Files of the same name hold the same parameters, so saving over an
 * earlier state keeps it valid until `sisa.json` is replaced; only then are the models removed that
 * earlier saves name. One save at a time writes to a folder.
 */
const MANIFEST = 'sisa.json';
const FORMAT = 'lethe-sisa';
const VERSION = 3;
/** Those that can be read; version 2 has no ids. */
const VERSIONS = [2, VERSION];

/**
 * @throws {LetheError} ERR_IO; ERR_BUSY: a model, or another process writes to the folder.
 * ERR_INVALID_MODEL: the folder's `sisa.json` is no Sisa's, or is damaged.
 */
export async function writeSisa(folder: string, state: SisaState): Promise<void> {
  const models = state.shards.flatMap(({ checkpoints }) => checkpoints.map(({ model }) => model));
  const current = new Set(models.map((model) => model.hash()));
  const manifest = encodeManifest(state);
  await ensureFolder(folder);
  await withLockedFolder(folder, MANIFEST, async (renew) => {
    const earlier = await earlierModels(folder);
    const known = new Set([...earlier, ...(await pendingIn(folder)), ...current]);
    await notePending(folder, known);
    try {
      for (const model of models) {
        await renew();
        await model.save(join(folder, fileOf(model.hash())));
      }
      await renew();
      await replaceFile(join(folder, MANIFEST), manifest);
    } catch (error) {
      // As far as possible: what cannot be removed now is noted for the next save.
      await earlierModels(folder)
        .then((needed) => removeLeftovers(folder, MANIFEST, known, needed))
        .catch(() => {});
      throw error;
    }
    await removeLeftovers(folder, MANIFEST, known, current);
  });
}

/** The models that the folder's manifest names, of whatever version. */
async function earlierModels(folder: string): Promise<Set<string>> {
  const text = await textIn(folder, MANIFEST);
  if (text === undefined) return new Set();
  try {
    const { version, shards } = bodyIn(text);
    if (version > VERSION) throw invalid(`it is of version ${version}: update Lethe`);
    return new Set(
      requireArray<HashedShard>('shards', shards).flatMap(({ checkpoints }) =>
        requireArray('checkpoints', checkpoints).map(({ hash }) => requireHash(hash)),
      ),
    );
  } catch (cause) {
    throw new LetheError(
      'ERR_INVALID_MODEL',
      `${join(folder, MANIFEST)} does not say which models are its own, so that none can be removed: ` +
        `${(cause as Error).message}: remove it with its models, or name another folder`,
      { cause },
    );
  }
}

/** @throws {LetheError} ERR_IO, ERR_INVALID_MODEL */
export async function readSisa(folder: string): Promise<SisaState> {
  const path = join(folder, MANIFEST);
  for (;;) {
    const text = (await readWholeFile(path)).toString('utf8');
    try {
      return await readState(folder, text);
    } catch (error) {
      // A save may have removed models in the meantime; then the new state is there.
      if ((await readWholeFile(path)).toString('utf8') === text) throw error;
    }
  }
}

async function readState(folder: string, text: string): Promise<SisaState> {
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
      slices: slices.map(({ rows, owners, ids }) => ({
        ...{ rows: [...rows], owners: [...owners] },
        ...(ids && { ids: ids.map(encodeId) }),
      })),
      checkpoints: checkpoints.map(({ model, steps, multiplyAdds, reasons }) => ({
        ...{ hash: model.hash(), steps, multiplyAdds, reasons },
      })),
    })),
  };
  return `${JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) })}\n`;
}

function decodeManifest(text: string): Manifest {
  try {
    const body = bodyIn(text);
    if (!VERSIONS.includes(body.version)) throw otherFormat();
    const { widths, datasetRows, recipe, shards } = body;
    for (const width of requireArray('widths', widths)) requireInteger('a width', width, 1);
    requireInteger('datasetRows', datasetRows, 1);
    const taken: Taken = { rows: new Uint8Array(datasetRows), ids: new Set() };
    const decoded = requireArray<HashedShard>('shards', shards).map((shard) =>
      decodeShard(shard, taken),
    );
    const hasIds = decoded.flatMap(({ slices }) => slices.map(({ ids }) => ids !== undefined));
    if (new Set(hasIds).size > 1) throw invalid('some slices have ids, but others have none');
    if (!decoded.some(({ checkpoints }) => checkpoints.length > 0))
      throw invalid(`${MANIFEST} lists no model`);
    return { widths, datasetRows, recipe: checkRecordedRecipe(recipe), shards: decoded };
  } catch (cause) {
    if (cause instanceof LetheError && cause.code === 'ERR_INVALID_MODEL') throw cause;
    throw invalid((cause as Error).message, cause);
  }
}

/** What a manifest says, whole, of whatever version. */
function bodyIn(text: string) {
  const { sha256: expected, ...body } = requireObject(MANIFEST, JSON.parse(text));
  if (body.format !== FORMAT) throw otherFormat();
  if (sha256(JSON.stringify(body)) === expected) return body;
  throw invalid(`the contents of ${MANIFEST} do not match its SHA-256`);
}

function otherFormat(): LetheError {
  return invalid(`${MANIFEST} is not a ${FORMAT} of version ${VERSIONS.join(' or ')}`);
}

/** Which rows are already in a shard. */
interface Taken {
  /** [dataset rows], 1 if it is, else 0. */
  readonly rows: Uint8Array;
  readonly ids: Set<RowId>;
}

function decodeShard(json: HashedShard, taken: Taken): HashedShard {
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
    requireHash(hash);
    requireInteger('steps', steps, 0);
    requireInteger('multiplyAdds', multiplyAdds, 0);
    for (const reason of requireArray('reasons', reasons)) requireText('a reason', reason);
  }
  return { seeds, slices: decoded, checkpoints };
}

function decodeSlice({ rows, owners, ids }: OwnedRows, taken: Taken): OwnedRows {
  const list = (name: string, values: unknown, maximum: number) =>
    Uint32Array.from(requireArray(name, values as number[]), (value) =>
      requireInteger(name, value, 0, maximum),
    );
  const slice = {
    rows: list('rows', rows, taken.rows.length - 1),
    owners: list('owners', owners, 0xffffffff),
    ...(ids !== undefined && { ids: requireArray('ids', ids).map(decodeId) }),
  };
  if (slice.rows.length !== slice.owners.length)
    throw invalid('a slice must have one owner for each row');
  if (slice.ids && slice.rows.length !== slice.ids.length)
    throw invalid('a slice must have one id for each row, or no ids');
  for (const row of slice.rows) {
    if (taken.rows[row]) throw invalid(`row ${row} is in two slices, or twice in one`);
    taken.rows[row] = 1;
  }
  for (const id of slice.ids ?? []) {
    if (taken.ids.has(id)) throw invalid(`the id ${quoted(id)} is in two slices, or twice in one`);
    taken.ids.add(id);
  }
  return slice;
}

/** JSON has no whole numbers of 64 bits: those beyond a number's are a text in a list of one. */
function encodeId(id: RowId): string | number | [string] {
  return typeof id === 'bigint' ? [String(id)] : id;
}

function decodeId(json: unknown): RowId {
  if (!Array.isArray(json)) return requireName('an id', json);
  if (json.length !== 1 || !/^-?\d{1,19}$/.test(json[0])) throw invalid('an id is a list');
  return requireName('an id', BigInt(json[0]));
}

function sha256(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex');
}

function invalid(message: string, cause?: unknown): LetheError {
  return new LetheError('ERR_INVALID_MODEL', `saved Sisa: ${message}`, { cause });
}
