/** The formats that Lethe reads; the others are recognized to say what to do with them. */
export type OwnFormat = 'safetensors' | 'onnx' | 'csv' | 'parquet' | 'arrow' | 'numpy' | 'idx';

interface FileKind {
  /** Set for a format that Lethe reads: its own reader does not refuse it. */
  readonly format?: OwnFormat;
  /** Whether a file that begins with these bytes, as Latin-1 text, is of this kind. */
  readonly matches: (start: string) => boolean;
  /** What the file is, and what to do with it. */
  readonly description: string;
}

/** The bytes from the start of a file that tell its kind; the first name in an archive is among them. */
export const KIND_BYTES = 512;

/** The format's version, then a producer, a domain, an operator set or the graph, not empty. */
const isOnnx = (start: string) =>
  start[0] === '\b' && start[1]! < ' ' && '\x12":B'.includes(start[2]!) && start[3] !== '\0';

/** The mark of a message, and its length below 2^24. */
const isArrowStream = (start: string) => start.startsWith('\xff\xff\xff\xff') && start[7] === '\0';

const TO_STATE_DICT = 'save its state_dict with safetensors.torch.save_file';
const TO_ONNX = 'export the model with torch.onnx.export';
const BY_NUMPY = 'load rows with loadNumpy, or write a model as ONNX or safetensors';

const begins =
  (...magics: readonly string[]) =>
  (start: string) =>
    magics.some((magic) => start.startsWith(magic));

/** A zip archive whose first entry has this in its name. */
const zipOf = (name: string) => (start: string) =>
  start.startsWith('PK\x03\x04') && start.includes(name);

/**
 * In this order, of which the first that matches counts. A magic number in letters needs a byte that
 * is none: a table's first column may be called PAR1.
 */
const KINDS: readonly FileKind[] = [
  {
    format: 'numpy',
    matches: zipOf('.npy'),
    description: `a NumPy archive (.npz): ${BY_NUMPY}`,
  },
  {
    matches: zipOf('data.pkl'),
    description: `a PyTorch archive: ${TO_STATE_DICT}, or ${TO_ONNX}`,
  },
  {
    matches: (start) => zipOf('metadata.json')(start) || zipOf('config.json')(start),
    description: "a Keras archive: export the model with model.export(path, format='onnx')",
  },
  {
    matches: zipOf('[Content_Types].xml'),
    description: 'an Office document: save the sheet as CSV in UTF-8',
  },
  {
    // A NumPy archive too, if its arrays come after other files.
    format: 'numpy',
    matches: begins('PK\x03\x04', 'PK\x05\x06'),
    description: 'a zip archive: unpack it',
  },
  {
    // The magic number with which torch.save began before PyTorch 1.6.
    matches: begins('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'),
    description: `a PyTorch file of an old form: load it with torch.load, then ${TO_STATE_DICT}, or ${TO_ONNX}`,
  },
  {
    matches: (start) =>
      begins('\x80\x02', '\x80\x03')(start)
        ? start[2] !== '\0'
        : begins('\x80\x04\x95', '\x80\x05\x95')(start),
    description:
      'a Python pickle: export a PyTorch model with torch.onnx.export, one of scikit-learn with skl2onnx',
  },
  {
    matches: begins('\x89HDF\r\n\x1a\n'),
    description:
      "an HDF5 file, such as Keras and pandas write: export a model with model.export(path, format='onnx'), rows with to_csv or to_parquet",
  },
  {
    format: 'numpy',
    matches: begins('\x93NUMPY'),
    description: `a NumPy array (.npy): ${BY_NUMPY}`,
  },
  {
    matches: begins('GGUF\x01\0', 'GGUF\x02\0', 'GGUF\x03\0'),
    description: 'a language model of llama.cpp, which Lethe does not compute',
  },
  {
    matches: (start) => start.slice(1, 8) === '\0\0\0TFL3',
    description: 'a TensorFlow Lite model: convert it to ONNX with tf2onnx',
  },
  {
    format: 'parquet',
    matches: begins('PAR1\x15'),
    description: 'a Parquet file: load it with loadParquet',
  },
  {
    format: 'arrow',
    matches: (start) => begins('ARROW1\0')(start) || isArrowStream(start),
    description: 'an Arrow file: load it with loadArrow',
  },
  {
    matches: begins('FEA1\0'),
    description: 'a Feather file of version 1: write it again with version=2, or as Parquet',
  },
  {
    format: 'idx',
    matches: begins('\0\0\x08\x01', '\0\0\x08\x03'),
    description: "an IDX file, as MNIST's are: load it with loadIdx of lethe/datasets",
  },
  {
    matches: begins('SQLite format 3\0'),
    description: 'a SQLite database: export its tables as CSV',
  },
  { matches: begins('\x1f\x8b'), description: 'a gzip file: unpack it with gunzip' },
  { matches: begins('\x28\xb5\x2f\xfd'), description: 'a Zstandard file: unpack it with unzstd' },
  {
    matches: (start) => /^BZh[1-9]1AY&SY/.test(start),
    description: 'a bzip2 file: unpack it with bunzip2',
  },
  { matches: begins('\xfd7zXZ\0'), description: 'an xz file: unpack it with unxz' },
  {
    matches: begins('version https://git-lfs'),
    description: 'a pointer of Git LFS, not the file that it stands for: run `git lfs pull`',
  },
  {
    matches: (start) => /^\s*<(!doctype|html|head|body|\?xml)/i.test(start),
    description:
      'a web page, such as a server answers in place of a file: download the file itself, by its raw link',
  },
  {
    format: 'csv',
    matches: begins('\xff\xfe', '\xfe\xff'),
    description: 'text in UTF-16: load a table with loadCsv',
  },
  {
    format: 'safetensors',
    matches: (start) => start.slice(4, 9) === '\0\0\0\0{',
    description:
      'a safetensors file: load it with loadSafetensors, or with Model.load or Dataset.open if Lethe saved it',
  },
  {
    format: 'onnx',
    matches: isOnnx,
    description: 'an ONNX model: load it with loadOnnx',
  },
  {
    matches: (start) => /^\s*\{\s*"/.test(start) && start.includes('"weight_map"'),
    description: 'an index of shards: load it with loadSafetensors, by its path beside the shards',
  },
  {
    matches: (start) => /^\s*\{\s*"/.test(start),
    description: 'a JSON file, not what it describes',
  },
];

/**
 * What a file is that another reader was given, and what to do with it, e.g. `a Git LFS pointer
 * ...`; undefined if it is of the reader's own format, or of none that is known.
 *
 * @param start the first KIND_BYTES bytes
 */
export function foreignKind(start: Uint8Array, own: OwnFormat): string | undefined {
  const text = Buffer.from(start.subarray(0, KIND_BYTES)).toString('latin1');
  const kind = KINDS.find(({ matches }) => matches(text));
  return kind?.format === own ? undefined : kind?.description;
}
