import type { BenchSet } from './bench-set.js';
import { EMBEDDINGS } from './embeddings.js';
import { FEW_ROWS } from './few-rows.js';
import { PICTURES } from './pictures.js';
import { RAW_TABLES } from './raw-tables.js';
import { REAL_TABLES, SMALL_REAL_TABLES } from './real-tables.js';
import { REAL_TEXT } from './real-text.js';
import { SMALL_GENERATED } from './small.js';
import { SPARSE } from './sparse.js';
import { TABLES } from './tables.js';
import { TEXT } from './text.js';

/**
 * What recipes are judged on. The list was made before any recipe was tuned on it: every data set is
 * reported, none is left out or replaced because of a result. New ones are only added.
 */
export const BENCH_SETS: readonly BenchSet[] = [
  ...[...TABLES, ...RAW_TABLES, ...REAL_TABLES],
  ...[...TEXT, ...REAL_TEXT],
  ...EMBEDDINGS,
  ...PICTURES,
  ...SPARSE,
  ...FEW_ROWS,
  ...[...SMALL_GENERATED, ...SMALL_REAL_TABLES],
];
