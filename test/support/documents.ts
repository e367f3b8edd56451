import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Paths of everything that is written for people, from the package's folder. */
export async function documentPaths(): Promise<string[]> {
  const docs = await readdir(join(ROOT, 'docs'));
  return [
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
    ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ];
}

export function readDocument(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

/** A block of code, with the words after the three backquotes. */
export interface CodeBlock {
  readonly info: string;
  readonly code: string;
}

export function codeBlocks(document: string): CodeBlock[] {
  const blocks = document.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, info, code]) => ({ info: info!.trim(), code: code! }));
}

/** Runs JavaScript as an application that has installed the package would, in a folder of its own. */
export async function runScript(name: string, code: string, cwd: string) {
  // Inside the package, so that `lethe` resolves to what users import.
  const folder = join(ROOT, 'build', 'documents');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll('/', '-')}.mjs`);
  await writeFile(path, code);
  return promisify(execFile)(process.execPath, [path], { cwd });
}

/** Where the document's links to other files lead, as they are written. */
export function relativeLinks(document: string): string[] {
  const prose = document.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The fragments of the headings, as GitHub makes them. */
export function headingAnchors(document: string): string[] {
  return [...document.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
