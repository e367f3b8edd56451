import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CsvOptions, loadCsv } from '#lethe/data/csv';
import EXPECTED from '../fixtures/cases/csv/expected.json' with { type: 'json' };
import PANDAS from '../fixtures/csv/pandas.json' with { type: 'json' };
import { contentsOf } from '../support/contents.js';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const CASES = new URL('../fixtures/cases/csv/', import.meta.url);
const caseFile = (name: string) => new URL(name, CASES).pathname;

async function load(contents: string | Uint8Array, options: Partial<CsvOptions> = {}) {
  const path = join(await temporaryFolder(), 'table.csv');
  await writeFile(path, contents);
  return contentsOf(await loadCsv(path, { label: 'y', ...options }));
}

const refusal = async (contents: string | Uint8Array, options: Partial<CsvOptions> = {}) =>
  (await expectCode(() => load(contents, options), 'ERR_INVALID_DATA')).message;

describe('a CSV file as others write it', () => {
  it('has whole labels that became floats in numeric order', async () => {
    const expected = EXPECTED['float-labels.csv'];
    const { data, classNames } = contentsOf(
      await loadCsv(caseFile('float-labels.csv'), expected.options),
    );
    expect(classNames).toEqual(expected['classNames in numeric order']);
    expect([...data.labels]).toEqual(expected.labels);
  });

  it('may have an index without a name where the features are named', async () => {
    const { options, features, labels, owners } = EXPECTED['pandas-index.csv'];
    const { data, ownership } = contentsOf(await loadCsv(caseFile('pandas-index.csv'), options));
    expect([...data.features]).toEqual(features.flat());
    expect([...data.labels]).toEqual(labels);
    expect([...ownership!.owners].map((owner) => ownership!.subjects[owner])).toEqual(owners);
    const read = () => loadCsv(caseFile('pandas-index.csv'), { label: 'y', owner: 'user' });
    const { message } = await expectCode(read, 'ERR_INVALID_DATA');
    expect(message).toMatch(/column 1 has no name: .* option features/);
  });

  it('may have booleans for features', async () => {
    const { options, columns, features, labels } = EXPECTED['bool-columns.csv'];
    const { data, featureNames } = contentsOf(await loadCsv(caseFile('bool-columns.csv'), options));
    expect(featureNames).toEqual(columns);
    expect([...data.features]).toEqual(features.flat());
    expect([...data.labels]).toEqual(labels);
  });

  it('may be a European spreadsheet', async () => {
    const path = caseFile('semicolon-decimal-comma.csv');
    const { features, labels, owners } = EXPECTED['semicolon-decimal-comma.csv'];
    const roles = { label: 'klasse', owner: 'kunde', delimiter: ';' };
    const { data, ownership } = contentsOf(
      await loadCsv(path, { ...roles, decimal: ',', thousands: '.' }),
    );
    expect([...data.features]).toEqual(features.flat());
    expect([...data.labels]).toEqual(labels);
    expect([...ownership!.owners].map((owner) => ownership!.subjects[owner])).toEqual(owners);
    const { message } = await expectCode(() => loadCsv(path, roles), 'ERR_INVALID_DATA');
    expect(message).toContain('row 1, column hoehe is "1,5", not a finite number');
    expect(message).toContain('decimal: ","');
  });

  it.each(PANDAS.plain)('has a feature $text as pandas reads it: $value', async (written) => {
    const table = `x,y\n"${written.text}",a`;
    if (written.value === null) expect(await refusal(table)).toContain('row 1, column x');
    else expect((await load(table)).data.features[0]! + 0).toBe(Math.fround(written.value));
  });

  it.each(PANDAS.local)(
    'has a feature $text in the format that its options say',
    async (written) => {
      const { text, value, decimal, thousands } = written;
      const options = { decimal, thousands, delimiter: ';' } as CsvOptions;
      const table = `x;y\n${text};a`;
      if (value === null) expect(await refusal(table, options)).toContain(`is "${text}", not`);
      else expect((await load(table, options)).data.features[0]).toBe(Math.fround(value));
    },
  );

  it('has no groups of digits other than three, which could be a decimal sign that is misread', async () => {
    const options: Partial<CsvOptions> = { decimal: ',', thousands: '.', delimiter: ';' };
    for (const text of ['1.5', '1.2345', '12.34,5', '1,234.5', '1..234']) {
      expect(await refusal(`x;y\n${text};a`, options)).toContain(
        `is "${text}", not a finite number`,
      );
    }
  });

  it.each([
    ['1,234.5', 'thousands: ","'],
    ['1.234,5', 'decimal: ",", thousands: "."'],
    // French, with a narrow space that may not be broken, and Swiss with a curly apostrophe.
    ['1\u202f234,5', `decimal: ",", thousands: '\\u202f'`],
    ['1\u2019234.5', `thousands: '\\u2019'`],
    ["1'234", 'thousands: "\'"'],
  ])('with a number %s in another format names the options %s', async (text, options) => {
    expect(await refusal(`x;y\n${text};a`, { delimiter: ';' })).toContain(options);
  });
});

describe('labels in a CSV file', () => {
  const labelled = (...labels: string[]) =>
    load(`x,y\n${labels.map((label) => `1,"${label}"`).join('\n')}`);

  it('that are numbers of one value are one class, by its shortest spelling', async () => {
    const { data, classNames } = await labelled(
      '1.00',
      '0',
      '1',
      '1.0',
      '-0',
      '0.0',
      '1e0',
      '10',
      '+2',
    );
    expect(classNames).toEqual(['0', '1', '+2', '10']);
    expect([...data.labels]).toEqual([1, 0, 1, 1, 0, 0, 1, 3, 2]);
  });

  it('are in order of value, however they are written', async () => {
    const ascending = [
      '-1e3',
      '-2.5',
      '-0.1',
      '0',
      '1e-3',
      '.5',
      '0.75',
      '2',
      '1e1',
      '11',
      '1e400',
    ];
    expect((await labelled(...ascending.toReversed())).classNames).toEqual(ascending);
  });

  it('that are whole numbers beyond 2^53 stay apart', async () => {
    const { classNames } = await labelled('9007199254740993', '9007199254740992');
    expect(classNames).toEqual(['9007199254740992', '9007199254740993']);
  });

  it('are texts if one of them is', async () => {
    expect((await labelled('10', '9', '9.0', 'x')).classNames).toEqual(['10', '9', '9.0', 'x']);
  });

  it('may be spelt otherwise in a file that is read with the classes of another', async () => {
    const { data } = await load('x,y\n1,2.0\n1,0.0', { classNames: ['0', '1', '2'] });
    expect([...data.labels]).toEqual([2, 0]);
    const read = () => load('x,y\n1,3.0', { classNames: ['0', '1'] });
    await expectCode(read, 'ERR_INVALID_DATA');
  });

  it('may have decimal commas', async () => {
    const { classNames } = await load('x;y\n1;10,0\n1;9,0', { delimiter: ';', decimal: ',' });
    expect(classNames).toEqual(['9.0', '10.0']);
  });
});

describe('a missing label or owner in a CSV file', () => {
  const NOBODY = [
    '',
    ' ',
    'NULL',
    'null',
    'NaN',
    'nan',
    'None',
    '<NA>',
    'NA',
    'N/A',
    'n/a',
    '\\N',
    ' NULL ',
  ];

  it.each(NOBODY)('written %j is refused by row and column', async (text) => {
    const label = await refusal(`x,y\n1,a\n2,"${text}"`);
    expect(label).toContain('row 2 has no label, its column y');
    const owner = await refusal(`x,y,u\n1,a,ada\n2,b,"${text}"`, { owner: 'u' });
    expect(owner).toContain('row 2 has no owner, its column u');
  });

  it('is what the options say', async () => {
    const table = 'x,y,u\n1,a,None\n2,b,nobody';
    const { ownership } = await load(table, { owner: 'u', missing: [] });
    expect(ownership!.subjects).toEqual(['None', 'nobody']);
    expect(await refusal(table, { owner: 'u' })).toContain('option missing');
    const own = await refusal(table, { owner: 'u', missing: ['nobody'] });
    expect(own).toContain('row 2 has no owner, its column u holds "nobody"');
    expect(await refusal('x,y\n1,""', { missing: [] })).toContain('row 1 has no label');
  });
});

describe('owners in a CSV file', () => {
  const owned = async (...owners: string[]) => {
    const table = `x,y,u\n${owners.map((owner) => `1,a,${owner}`).join('\n')}`;
    return (await load(table, { owner: 'u' })).ownership!;
  };

  it('that are whole numbers are one where one spelling is a decimal', async () => {
    const { subjects, owners } = await owned('17', '4.0', '17.0', '4', '-3', '17.00', '0');
    expect(subjects).toEqual(['-3', '0', '17', '4']);
    expect([...owners].map((owner) => subjects[owner])).toEqual([
      ...['17', '4', '17', '4', '-3', '17', '0'],
    ]);
  });

  it.each([
    ['a text is among them', ['17', '17.0', 'ada']],
    ['one has leading zeros', ['17', '17.0', '007']],
    ['one is a fraction', ['17', '17.0', '1.5']],
    ['none is spelled twice', ['17.0', '18']],
  ])('are as they are written where %s', async (_, names) => {
    const { subjects, owners } = await owned(...names);
    expect([...owners].map((owner) => subjects[owner])).toEqual(names);
  });

  it('are one in parts of which one has an empty cell elsewhere', async () => {
    const folder = join(await temporaryFolder(), 'table');
    await mkdir(folder);
    await writeFile(join(folder, 'a.csv'), 'x,y,u\n1,a,17\n2,b,18\n');
    await writeFile(join(folder, 'b.csv'), 'x,y,u\n3,a,17.0\n4,b,19.0\n');
    const dataset = await loadCsv(folder, { label: 'y', owner: 'u' });
    expect([...dataset.rowsOf({ subject: '17' })]).toEqual([0, 2]);
    expect([...dataset.subjects]).toEqual(['17', '18', '19']);
  });
});

describe('the text of a CSV file', () => {
  const TEXT = 'x,y\n1,Grün\n2,Rot\n';
  const utf16be = Buffer.from(`\ufeff${TEXT}`, 'utf16le').swap16();

  it.each([
    ['UTF-16 with a mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), {}],
    ['UTF-16 with a mark, the other byte first', utf16be, {}],
    ['UTF-16 without a mark', Buffer.from(TEXT, 'utf16le'), { encoding: 'utf-16le' }],
    ['Latin-1', Buffer.from(TEXT, 'latin1'), { encoding: 'latin1' }],
    ['UTF-16 in gzip', gzipSync(Buffer.from(`\ufeff${TEXT}`, 'utf16le')), {}],
  ])('may be %s', async (_, contents, options) => {
    expect((await load(contents, options)).classNames).toEqual(['Grün', 'Rot']);
  });

  it('that grows while it is read is refused', async () => {
    const path = join(await temporaryFolder(), 'table.csv');
    await writeFile(path, `x,y\n${'1,a\n2,b\n'.repeat(100_000)}`);
    let isRead = false;
    const reading = expectCode(() => loadCsv(path, { label: 'y' }), 'ERR_FILE_CHANGED').finally(
      () => {
        isRead = true;
      },
    );
    while (!isRead) await appendFile(path, '3,a\n');
    expect((await reading).message).toContain('written to while it was read');
  });

  it('that is not UTF-8 is refused with what to do', async () => {
    const latin1 = await refusal(Buffer.from(TEXT, 'latin1'));
    expect(latin1).toContain(
      "not text in UTF-8: say how it is encoded, e.g. encoding: 'windows-1252'",
    );
    expect(await refusal(Buffer.from(TEXT, 'utf16le'))).toContain("encoding: 'utf-16le'");
    await expectCode(() => load(TEXT, { encoding: 'klingon' }), 'ERR_INVALID_ARGUMENT');
  });

  it.each([';', '\t', '|'])('that is cut at %j names the option for it', async (delimiter) => {
    const table = TEXT.replaceAll(',', delimiter);
    const { message } = await expectCode(() => load(table), 'ERR_INVALID_ARGUMENT');
    expect(message).toContain(`give the option delimiter: ${JSON.stringify(delimiter)}`);
    expect((await load(table, { delimiter })).data.rows).toBe(2);
  });

  it.each<[string, string]>([
    ['quoted cells', 'x;y\n1;"a;b"\n2;"c"\n'],
    ['a quoted header', '"x";"y"\n1;a\n2;c\n'],
    ['quoted cells that come much later', `x;y\n${'1;a\n'.repeat(50_000)}2;"c"\n`],
    ['quotes all over', '"x";"y"\r\n"1";"a;b"\r\n"2";"c"\r\n'],
  ])('that is cut at semicolons names the option for it where it has %s', async (_, table) => {
    const { message } = await expectCode(() => load(table), 'ERR_INVALID_ARGUMENT');
    expect(message).toContain('give the option delimiter: ";"');
    expect((await load(table, { delimiter: ';' })).classNames).toHaveLength(2);
  });

  it('that is cut at semicolons is refused as such as a spreadsheet wrote it', async () => {
    const read = () => loadCsv(caseFile('semicolon-decimal-comma.csv'), { label: 'klasse' });
    const { message } = await expectCode(read, 'ERR_INVALID_ARGUMENT');
    expect(message).toContain('give the option delimiter: ";"');
  });

  it('with a quote in the wrong place is refused for that, if it is cut right', async () => {
    expect(await refusal('x,y\n1,a"b"\n')).toContain('Quote');
    expect(await refusal('x,"y"z\n1,a\n')).toContain('Quote');
  });

  it.each<[string, Partial<CsvOptions>]>([
    ['another decimal sign', { decimal: ';' as ',' }],
    ['groups as long signs', { thousands: '..' }],
    ['a digit between groups', { thousands: '0' }],
    ['one sign for two things', { decimal: ',', thousands: ',' }],
    ['a decimal dot between groups', { thousands: '.' }],
    ['a missing text that is none', { missing: [7 as unknown as string] }],
  ])('is not read with %s', async (_, options) => {
    await expectCode(() => load(TEXT, options), 'ERR_INVALID_ARGUMENT');
  });
});

describe('a folder of CSV files', () => {
  async function folderOf(files: Record<string, string | Uint8Array>) {
    const folder = join(await temporaryFolder(), 'table');
    await mkdir(folder);
    for (const [name, contents] of Object.entries(files))
      await writeFile(join(folder, name), contents);
    return folder;
  }

  it('is read as one table, in order of the names', async () => {
    const folder = await folderOf({
      'part-1.csv': 'x,y,u\n3,a,ada\n',
      'part-0.csv.gz': gzipSync('x,y,u\n1,b,bob\n2,a,ada\n'),
      _SUCCESS: '',
      '.part-0.csv.crc': 'x',
    });
    const { data, classNames, ownership } = contentsOf(
      await loadCsv(folder, { label: 'y', owner: 'u' }),
    );
    expect(data.name).toBe('table');
    expect([...data.features]).toEqual([1, 2, 3]);
    expect(classNames).toEqual(['a', 'b']);
    expect([...data.labels]).toEqual([1, 0, 0]);
    expect(ownership).toEqual({ subjects: ['ada', 'bob'], owners: Uint32Array.of(1, 0, 0) });
  });

  it('names the file and the row of a fault', async () => {
    const folder = await folderOf({ 'a.csv': 'x,y\n1,a\n', 'b.csv': 'x,y\n1,a\nz,a\n' });
    const { message } = await expectCode(() => loadCsv(folder, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(message).toContain(`${join(folder, 'b.csv')}: row 2, column x`);
  });

  it.each<[string, Record<string, string>, string]>([
    ['with other columns', { 'b.csv': 'y,x\na,1\n' }, 'its columns are y, x, but those of'],
    ['with an empty part', { 'b.csv': '' }, 'the line with the column names is missing'],
  ])('%s is refused', async (_, files, message) => {
    const folder = await folderOf({ 'a.csv': 'x,y\n1,a\n', ...files });
    const error = await expectCode(() => loadCsv(folder, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(error.message).toContain(message);
  });

  it('with other files, or none, cannot be read', async () => {
    for (const files of [{}, { 'a.csv': 'x,y\n1,a\n', 'notes.md': '' }]) {
      const folder = await folderOf(files);
      await expectCode(() => loadCsv(folder, { label: 'y' }), 'ERR_IO');
    }
  });

  it('with a link that leads nowhere is refused', async () => {
    const path = await folderOf({ 'a.csv': 'x,y\n1,a\n' });
    await symlink(join(path, 'gone'), join(path, 'b.csv'));
    const { message } = await expectCode(() => loadCsv(path, { label: 'y' }), 'ERR_IO');
    expect(message).toContain('b.csv');
  });

  it('with partitions is refused', async () => {
    const folder = await folderOf({ 'a.csv': 'x,y\n1,a\n' });
    await mkdir(join(folder, 'year=2024'));
    const { message } = await expectCode(() => loadCsv(folder, { label: 'y' }), 'ERR_INVALID_DATA');
    expect(message).toContain('year=2024, which is a partition');
  });
});
