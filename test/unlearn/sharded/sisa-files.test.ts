import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryName } from '#lethe/base/files/writers';
import { Model } from '#lethe/engine/model';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { expectCode } from '../../support/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { toyDataset } from '../../support/toy.js';

const WIDTHS = [12, 8, 3];
const dataset = toyDataset({ rows: 120 });
const owners = dataset.allRows().positions.map((row) => row % 6);
let sisa: Sisa;

beforeAll(async () => {
  const slicing = { shards: 2, slices: 2, recipe: 'plain' } as const;
  sisa = await Sisa.train(WIDTHS, dataset, { owners, ...slicing, seed: 3 });
});

const checkpointFiles = (of: Sisa) =>
  of.shards
    .flatMap(({ checkpoints }) => checkpoints.map(({ model }) => `${model.hash()}.safetensors`))
    .sort();

async function saved(): Promise<string> {
  const folder = join(await temporaryFolder(), 'sisa');
  await sisa.save(folder);
  return folder;
}

describe('a saved Sisa', () => {
  it('is a manifest and a file for each checkpoint', async () => {
    const folder = await saved();
    expect((await readdir(folder)).sort()).toEqual([...checkpointFiles(sisa), 'sisa.json'].sort());
    for (const file of checkpointFiles(sisa)) {
      expect(`${(await Model.load(join(folder, file))).hash()}.safetensors`).toBe(file);
    }
  });

  it('is loaded unchanged, and forgets like the original', async () => {
    const loaded = await Sisa.load(await saved());
    expect(loaded.shards.map(({ slices, seeds }) => ({ slices, seeds }))).toEqual(
      sisa.shards.map(({ slices, seeds }) => ({ slices, seeds })),
    );
    expect(loaded.widths).toEqual(WIDTHS);
    expect(loaded.recipe).toEqual({ name: 'plain' });
    expect(loaded.ensemble.hash()).toBe(sisa.ensemble.hash());
    const [expected, found] = await Promise.all(
      [sisa, loaded].map((one) => one.forget(dataset, { owners: [4] })),
    );
    expect(found!.sisa.ensemble.hash()).toBe(expected!.sisa.ensemble.hash());
    expect(found!.multiplyAdds).toBe(expected!.multiplyAdds);
  });

  it('removes models that were trained on a forgotten row, but no other files', async () => {
    const folder = await saved();
    await writeFile(join(folder, 'notes.safetensors'), 'mine');
    const { sisa: after } = await sisa.forget(dataset, { owners: [4] });
    await after.save(folder);
    expect((await readdir(folder)).sort()).toEqual(
      [...checkpointFiles(after), 'notes.safetensors', 'sisa.json'].sort(),
    );
    expect(checkpointFiles(after)).not.toEqual(checkpointFiles(sisa));
    const { shards } = JSON.parse(await readFile(join(folder, 'sisa.json'), 'utf8'));
    const named = shards.flatMap(({ slices }: (typeof sisa.shards)[number]) =>
      slices.flatMap((slice) => [...slice.owners]),
    );
    expect(new Set(named)).toEqual(new Set([0, 1, 2, 3, 5]));
    expect((await Sisa.load(folder)).ensemble.hash()).toBe(after.ensemble.hash());
  });

  it('keeps an empty shard', async () => {
    const all = sisa.shards[0]!.slices.flatMap(({ rows }) => [...rows]);
    const { sisa: after } = await sisa.forget(dataset, all);
    const folder = await temporaryFolder();
    await after.save(folder);
    const loaded = await Sisa.load(folder);
    expect(loaded.ensemble.members.length).toBe(1);
    expect(loaded.ensemble.hash()).toBe(after.ensemble.hash());
  });

  it.each<[string, (folder: string, file: string, other: string) => Promise<void>]>([
    [
      'a truncated model',
      async (_, file) => writeFile(file, (await readFile(file)).subarray(0, -4)),
    ],
    ['another model of the same widths', async (_, file, other) => copyFile(other, file)],
    [
      'a model of other widths',
      async (_, file) => Model.create([12, 9, 3], { seed: 1 }).save(file),
    ],
    ['no JSON', async (folder) => writeFile(join(folder, 'sisa.json'), '{')],
    ['other JSON', async (folder) => writeFile(join(folder, 'sisa.json'), 'null')],
  ])('is refused with %s', async (_, change) => {
    const folder = await saved();
    const [file, other] = checkpointFiles(sisa).map((name) => join(folder, name));
    await change(folder, file!, other!);
    await expectCode(() => Sisa.load(folder), 'ERR_INVALID_MODEL');
  });

  it.each<[string, (manifest: ReturnType<typeof JSON.parse>) => void]>([
    ['an older version', (manifest) => (manifest.version = 1)],
    ['a newer version', (manifest) => (manifest.version = 4)],
    ['no widths', (manifest) => delete manifest.widths],
    ['other widths', (manifest) => (manifest.widths = [12, 9, 3])],
    ['no shards', (manifest) => (manifest.shards = [])],
    ['a shard that is none', (manifest) => (manifest.shards[0] = null)],
    ['a row too far', (manifest) => (manifest.shards[0].slices[0].rows[0] = 120)],
    ['a row twice', ({ shards }) => (shards[0].slices[0].rows[0] = shards[1].slices[0].rows[0])],
    ['an owner too few', (manifest) => manifest.shards[0].slices[0].owners.pop()],
    ['a seed too few', (manifest) => manifest.shards[0].seeds.pop()],
    ['a checkpoint too few', (manifest) => manifest.shards[0].checkpoints.pop()],
    ['a path for a hash', (manifest) => (manifest.shards[0].checkpoints[0].hash = '../sisa')],
    ['more rows than memory', (manifest) => (manifest.datasetRows = 2 ** 52)],
    ['no recipe', (manifest) => delete manifest.recipe],
    ['a recipe without a name', (manifest) => (manifest.recipe = { epochs: 5 })],
    ['a recipe that is a text', (manifest) => (manifest.recipe = 'plain')],
    ['a list in the recipe', (manifest) => (manifest.recipe.rows = [1, 2])],
  ])('is refused with %s, even if its digest is right', async (_, change) => {
    const folder = await saved();
    const path = join(folder, 'sisa.json');
    const { sha256: _old, ...body } = JSON.parse(await readFile(path, 'utf8'));
    change(body);
    await writeFile(path, JSON.stringify(body));
    await expectCode(() => Sisa.load(folder), 'ERR_INVALID_MODEL');
    const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    await writeFile(path, JSON.stringify({ ...body, sha256 }));
    await expectCode(() => Sisa.load(folder), 'ERR_INVALID_MODEL');
  });

  it('is read with a recipe that this version does not know, but forgets nothing', async () => {
    const folder = await saved();
    const path = join(folder, 'sisa.json');
    const { sha256: _old, ...body } = JSON.parse(await readFile(path, 'utf8'));
    body.recipe = { name: 'marathon' };
    const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    await writeFile(path, JSON.stringify({ ...body, sha256 }));
    const loaded = await Sisa.load(folder);
    expect(loaded.recipe).toEqual({ name: 'marathon' });
    expect(loaded.ensemble.hash()).toBe(sisa.ensemble.hash());
    const { message } = await expectCode(() => loaded.forget(dataset, [0]), 'ERR_INVALID_MODEL');
    expect(message).toContain('{"name":"marathon"}');
  });

  it('needs all its files, and a folder to be in', async () => {
    const folder = await saved();
    await rm(join(folder, checkpointFiles(sisa)[0]!));
    await expectCode(() => Sisa.load(folder), 'ERR_IO');
    await expectCode(() => Sisa.load(join(folder, 'nowhere')), 'ERR_IO');
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expectCode(() => sisa.save(file), 'ERR_IO');
    await mkdir(join(folder, 'taken', 'sisa.json'), { recursive: true });
    await expectCode(() => sisa.save(join(folder, 'taken')), 'ERR_IO');
  });

  it('is refused over a sisa.json that is not its own, whole or of this version', async () => {
    for (const text of ['mine', '{"shards":[]}', 'null', '{"format":"lethe-sisa","version":2}']) {
      const folder = await saved();
      await writeFile(join(folder, 'sisa.json'), text);
      const before = await readdir(folder);
      const { message } = await expectCode(() => sisa.save(folder), 'ERR_INVALID_MODEL');
      expect(message).toContain('name another folder');
      expect(await readdir(folder)).toEqual(before);
      expect(await readFile(join(folder, 'sisa.json'), 'utf8')).toBe(text);
    }
  });
});

describe("an application's files in the folder", () => {
  it('stay, whatever they are called', async () => {
    const folder = await temporaryFolder();
    const model = Model.create(WIDTHS, { seed: 77 });
    const own = [`${model.hash()}.safetensors`, `${'ab'.repeat(32)}.safetensors`, 'sisa.json.tmp'];
    for (const name of own) await model.save(join(folder, name));
    await sisa.save(folder);
    const { sisa: after } = await sisa.forget(dataset, { owners: [4] });
    await after.save(folder);
    expect((await readdir(folder)).sort()).toEqual(
      [...checkpointFiles(after), ...own, 'sisa.json'].sort(),
    );
  });
});

describe('saving twice at once', () => {
  let after: Sisa;
  beforeAll(async () => {
    after = (await sisa.forget(dataset, { owners: [4] })).sisa;
  });

  const expectWhole = async (folder: string, one: Sisa) => {
    expect((await Sisa.load(folder)).ensemble.hash()).toBe(one.ensemble.hash());
    expect((await readdir(folder)).sort()).toEqual([...checkpointFiles(one), 'sisa.json'].sort());
  };

  it('in one thread leaves the last state, and no other model', async () => {
    const folder = await saved();
    await Promise.all([sisa, after, sisa, after].map((one) => one.save(folder)));
    await expectWhole(folder, after);
    await Promise.all([after.save(folder), sisa.save(`${folder}/../sisa`)]);
    await expectWhole(folder, sisa);
  });

  it('through another path leaves one of the two, and nothing of the other', async () => {
    const folder = await saved();
    await symlink(folder, `${folder}-link`);
    await Promise.all([after.save(folder), sisa.save(`${folder}-link`)]);
    const { ensemble } = await Sisa.load(folder);
    await expectWhole(folder, ensemble.hash() === sisa.ensemble.hash() ? sisa : after);
  });

  it('in processes of which some are killed leaves a state that can be loaded at any time', async () => {
    const folder = await saved();
    const other = await temporaryFolder();
    await after.save(other);
    const source = await saved();
    const script = fileURLToPath(new URL('../../engine/children/save-sisa.mjs', import.meta.url));
    const hashes = new Set([sisa, after].map(({ ensemble }) => ensemble.hash()));
    const start = async () => {
      const child = spawn(process.execPath, [script, folder, source, other], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      return child;
    };
    for (let round = 0; round < 4; round++) {
      const children = await Promise.all([start(), start()]);
      for (const [i, child] of children.entries()) {
        for (let load = 0; load < 5; load++) {
          expect(hashes).toContain((await Sisa.load(folder)).ensemble.hash());
        }
        await new Promise((resume) => setTimeout(resume, 7 * round + 3 * i));
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await after.save(folder);
    await expectWhole(folder, after);
  });

  it('is refused while another process is at it', async () => {
    const folder = await saved();
    const claim = temporaryName('sisa.json').replace(
      /-\d+-\d+-/,
      `-${process.ppid}-${await startOf(process.ppid)}-`,
    );
    await writeFile(join(folder, claim), '');
    const { message } = await expectCode(() => after.save(folder), 'ERR_BUSY');
    expect(message).toContain(folder);
    await rm(join(folder, claim));
    await expectWhole(folder, sisa);
    await after.save(folder);
    await expectWhole(folder, after);
  });

  it('a save that fails removes what it has written, and keeps the earlier state', async () => {
    const folder = await saved();
    const [hash] = checkpointFiles(after)
      .filter((name) => !checkpointFiles(sisa).includes(name))
      .slice(-1);
    await mkdir(join(folder, hash!));
    await expectCode(() => after.save(folder), 'ERR_IO');
    await rmdir(join(folder, hash!));
    expect((await Sisa.load(folder)).ensemble.hash()).toBe(sisa.ensemble.hash());
    await sisa.save(folder);
    await expectWhole(folder, sisa);
  });
});

/** When a process began, as Linux says it. */
async function startOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8');
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19]!;
}
