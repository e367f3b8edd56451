import {
  type KnownFields,
  requireInstance,
  requireInteger,
  requireKnownFields,
  requireOneOf,
  requirePositive,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { PhiloxPurpose, PhiloxStream } from '../base/philox.js';
import type { Ownership } from '../engine/row-subjects.js';

/** Limits of V8's heap: an array has at most 2^27 elements, and each user needs a name. */
const MAX_ROWS = 2 ** 27 - 1;
const MAX_USERS = 2 ** 24;

export interface ZipfOptions {
  /** Rows of the data set. */
  readonly rows: number;
  /** Default 100. */
  readonly users?: number;
  /** The exponent of the weights 1 / rank^exponent; default 1.5. */
  readonly exponent?: number;
  /**
   * `contiguous`: user i owns the i-th block of rows (the reference study's notebook 1);
   * `shuffled`: the same counts of rows in random order (notebook 2). Default `contiguous`.
   */
  readonly order?: 'contiguous' | 'shuffled';
  /** Default 0. */
  readonly seed?: number;
}

const ZIPF_OPTIONS: KnownFields<ZipfOptions> = {
  ...{ rows: true, users: true, exponent: true, order: true, seed: true },
};

/**
 * Assigns rows to subjects `user-0`, `user-1`, ... by a Zipf law: counts are drawn multinomially
 * with Zipf weights and sorted in descending order, so that `user-0` owns the most rows. Each draw
 * inverts the cumulative weights at a uniform Philox number.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function assignZipf(options: ZipfOptions): Ownership {
  const {
    rows,
    users = 100,
    exponent = 1.5,
    order = 'contiguous',
    seed = 0,
  } = requireKnownFields('options', options, ZIPF_OPTIONS);
  requireInteger('rows', rows, 1, MAX_ROWS);
  requireInteger('users', users, 1, MAX_USERS);
  requirePositive('exponent', exponent);
  requireOneOf('order', order, ['contiguous', 'shuffled']);
  requireInteger('seed', seed, 0);

  const sequence = Uint32Array.from({ length: rows }, (_, row) => row);
  if (order === 'shuffled') new PhiloxStream(seed, PhiloxPurpose.ownershipOrder).shuffle(sequence);
  const owners = new Uint32Array(rows);
  let next = 0;
  multinomialZipf(rows, users, exponent, seed)
    .sort()
    .reverse()
    .forEach((count, user) => {
      for (const end = next + count; next < end; next++) owners[sequence[next]!] = user;
    });
  return { subjects: userNames(users), owners };
}

function multinomialZipf(rows: number, users: number, exponent: number, seed: number) {
  const cumulative = new Float64Array(users);
  let total = 0;
  for (let user = 0; user < users; user++) {
    total += (user + 1) ** -exponent;
    cumulative[user] = total;
  }
  const stream = new PhiloxStream(seed, PhiloxPurpose.ownershipCounts);
  const counts = new Uint32Array(users);
  for (let row = 0; row < rows; row++) {
    counts[firstAbove(cumulative, stream.uniform() * total)]!++;
  }
  return counts;
}

/** The first index whose value is above x; the last index if there is none. */
function firstAbove(ascending: Float64Array, x: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface ExclusiveOptions {
  /** [rows], the class of each row. */
  readonly labels: Uint32Array;
  /** At least 2; default 100. */
  readonly users?: number;
  /** The class whose rows all belong to `user-0`; default 0. */
  readonly exclusiveClass?: number;
}

const EXCLUSIVE_OPTIONS: KnownFields<ExclusiveOptions> = {
  ...{ labels: true, users: true, exclusiveClass: true },
};

/**
 * The reference study's notebook 3: `user-0` owns every row of one class, the others share the rest
 * in equal contiguous blocks of floor(rest / (users - 1)) rows; the last one also takes the
 * remainder.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT; ERR_EMPTY_SET: no row has that class.
 */
export function assignExclusive(options: ExclusiveOptions): Ownership {
  const {
    labels,
    users = 100,
    exclusiveClass = 0,
  } = requireKnownFields('options', options, EXCLUSIVE_OPTIONS);
  requireInstance('labels', labels, Uint32Array);
  requireInteger('users', users, 2, MAX_USERS);
  requireInteger('exclusiveClass', exclusiveClass, 0);
  const rest = labels.reduce((count, label) => count + Number(label !== exclusiveClass), 0);
  if (rest === labels.length) {
    throw new LetheError('ERR_EMPTY_SET', `no row has the class ${exclusiveClass}`);
  }
  const block = Math.floor(rest / (users - 1));
  let position = 0;
  const owners = labels.map((label) => {
    if (label === exclusiveClass) return 0;
    const user = block === 0 ? users - 1 : 1 + Math.floor(position / block);
    position++;
    return Math.min(user, users - 1);
  });
  return { subjects: userNames(users), owners };
}

function userNames(users: number): string[] {
  return Array.from({ length: users }, (_, user) => `user-${user}`);
}
