import { dirname, join } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';
import { describe, expect, it } from 'vitest';
import { ENTRIES } from '../scripts/build.mjs';
import { filesOf, type Order, reachedFrom, textOf, type Use, usesAgainst } from './support/uses.js';

/** How data flows; CONTRIBUTING.md shows what each of them is for. */
const ORDER: Order = [
  ['src/base'],
  ['src/engine'],
  ['src/data'],
  ['src/datasets'],
  ['src/runtime'],
  ['src/formats'],
  ['src/training'],
  ['src/jobs'],
  ['src/unlearn/method.ts'],
  ['src/unlearn/steps'],
  ['src/unlearn/approximate', 'src/unlearn/exact', 'src/unlearn/sharded'],
  ['src/unlearn/index.ts'],
  ['src/metrics'],
  ['src/verify'],
  ['src/stores'],
  ['src/attest'],
  ['src/erasure'],
  ['src/audit'],
  ['src/report'],
  ['src/server'],
  ['src/cli'],
  ['src/index.ts'],
];

/** What a file imports or exports again, types and dynamic imports too, as it is written there. */
function specifiersIn(file: string): string[] {
  const { program, errors } = parseSync(file, textOf(file));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const specifiers: string[] = [];
  const add = ({ source }: { source: object | null }) => {
    if (source && 'value' in source) specifiers.push(String(source.value));
  };
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(program);
  return specifiers;
}

const importsOf = (files: readonly string[]) =>
  files.flatMap((file) => specifiersIn(file).map((specifier) => ({ file, specifier })));

/** The repository's own file that a relative specifier names: a source by the .js that it becomes. */
const usesOf = (imports: ReturnType<typeof importsOf>): Use[] =>
  imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ file, specifier }) => ({
      from: file,
      to: join(dirname(file), specifier).replace(/\.js$/, '.ts'),
    }));

describe('src/', () => {
  const files = filesOf('src', /\.ts$/);
  const imports = importsOf(files);
  const uses = usesOf(imports);

  it('imports only what comes earlier in the one order', () => {
    expect(uses.length).toBeGreaterThan(files.length);
    expect(usesAgainst(ORDER, uses)).toEqual([]);
  });

  it('never imports itself by a public or a test name', () => {
    expect(imports.filter(({ specifier }) => /^(lethe|#)/.test(specifier))).toEqual([]);
  });

  it('draws reports of plain values: report/ knows nothing of the rest', () => {
    expect(
      usesAgainst(
        [['src/base'], ['src/report']],
        uses.filter(({ from }) => from.startsWith('src/report/')),
      ),
    ).toEqual([]);
  });

  it('loads the addon in one place', () => {
    const makesRequire = imports.filter(({ specifier }) => /^(node:)?module$/.test(specifier));
    expect(makesRequire.map(({ file }) => file).sort()).toEqual([
      'src/base/lazy.ts',
      'src/engine/native.ts',
    ]);
    expect(files.filter((file) => /\.node\b['"`]|dlopen/.test(textOf(file)))).toEqual([
      'src/engine/native.ts',
    ]);
  });

  it('loads ONNX Runtime only in a process of its own, which it may abort', () => {
    const loads = imports.filter(({ specifier }) => specifier === 'onnxruntime-node');
    expect([...new Set(loads.map(({ file }) => file))]).toEqual(['src/runtime/onnx-child.ts']);
    const starts = imports.filter(({ specifier }) =>
      /worker_threads|child_process/.test(specifier),
    );
    expect([...new Set(starts.map(({ file }) => dirname(file)))]).toEqual(['src/base/child']);
  });

  it('asks isInstance for typed arrays, which may be of another realm', () => {
    expect(files.filter((file) => /instanceof \w+Array\b/.test(textOf(file)))).toEqual([]);
  });

  it('holds no file that no entry of the package leads to', () => {
    const reached = reachedFrom(
      ENTRIES.map((entry) => `src/${entry}.ts`),
      uses,
    );
    expect(files.filter((file) => !reached.has(file))).toEqual([]);
  });
});

describe('bench/', () => {
  const imports = importsOf(
    filesOf('bench', /^bench\/(study|engine|methods|recipes|data|support|test)\/.*\.(ts|mjs)$/),
  );

  it('imports the library by its public names alone', () => {
    expect(imports.filter(({ specifier }) => specifier.startsWith('#'))).toEqual([]);
    const outside = usesOf(imports).filter(({ to }) => !to.startsWith('bench/'));
    expect(
      outside.filter(
        ({ from, to }) =>
          !(from.startsWith('bench/test/') && /^(test\/support|scripts)\//.test(to)),
      ),
    ).toEqual([]);
  });
});
