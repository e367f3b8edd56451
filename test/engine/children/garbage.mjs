// Calls the addon directly, without the checks in TypeScript, with arbitrary JavaScript values: it
// may return or throw, but the process must survive.
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const { Model, Dataset, InputEncoding, pass, presentStatistics, device, cudaStatus } =
  createRequire(import.meta.url)('../../../build/Release/lethe.node');
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

// An external that another part of the process has made: what it points to is none of the addon's.
const server = createServer().listen();
const external = server._handle._externalStream;
server.close();

const data = () => ({
  features: Uint8Array.from({ length: 40 }, (_, i) => i),
  labels: Uint32Array.from({ length: 10 }, (_, i) => i % 3),
  columns: 4,
  classes: 3,
  scale: 1,
  offset: 0,
});
const widths = () => ({ widths: Uint32Array.of(4, 5, 3), seed: 1 });
const model = new Model(widths());
const dataset = new Dataset(data());
// Two numbers, one of them standardized, and categories that may be missing, of which NaN is one.
const raw = new Dataset({
  ...{ ...data(), features: Float32Array.of(1, 2, Number.NaN, 4, 5, 0), columns: 3 },
  ...{ labels: Uint32Array.of(0, 1), missing: Uint8Array.of(0, 0, 1) },
});
const columns = () => ({
  isCategory: Uint8Array.of(0, 0, 1),
  hasIndicator: Uint8Array.of(0, 1, 1),
  fills: new Float32Array(3),
  centres: Float32Array.of(0, 1, 0),
  scales: Float32Array.of(1, 2, 1),
  categories: Uint32Array.of(0, 0, 4),
});
const encoding = new InputEncoding(columns());
const rawRequest = () => ({ dataset: raw, rows: Uint32Array.of(1, 0), threads: 2 });
const fisher = new Float32Array(43).fill(1);
const request = (sink, objective = { target: 'label', weight: 1 }) => ({
  model,
  dataset,
  ...{ device: 'cpu', precision: 'exact', threads: 1, concurrentRuns: 1 },
  plan: {
    ...{ rows: Uint32Array.of(1, 2, 3), batchSize: 2, epochs: 1, maxSteps: 2, shuffleSeed: 1 },
    ...{ sampledRows: Uint32Array.of(4, 5), samplesPerEpoch: 1 },
    ...(sink.kind === 'sgd' && { hardest: 1 }),
  },
  objective,
  sink,
});
const learningRate = { at: Float32Array.of(0, 1), values: Float32Array.of(0.1, 0) };
const requests = () => [
  request({ kind: 'sgd', learningRate, momentum: 0.5, weightDecay: 0, nesterov: true }),
  request({ kind: 'clampedFisher', fisher, learningRate: 0.1, alpha: 1, clamp: 1 }),
  request({ kind: 'squaredGradient', mode: 'batch' }),
  request({ kind: 'logits' }, { target: 'masked', weight: 1, removed: new Uint8Array(3) }),
  request(
    { kind: 'gradient' },
    { target: 'explicit', weight: 1, distributions: new Float32Array(30) },
  ),
];

const thrower = new Proxy(
  {},
  { get: () => fail(), has: () => fail(), getPrototypeOf: () => fail() },
);
function fail() {
  throw new Error('a trap');
}

function garbage() {
  const gone = new Uint32Array(4);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  const resizable = new ArrayBuffer(64, { maxByteLength: 128 });
  const cut = new Float32Array(resizable, 32, 8);
  const tracking = new Uint32Array(resizable);
  resizable.resize(24);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array];
  kinds.push(Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array);
  return [
    ...[undefined, null, true, 0, -0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53],
    ...[1e300, -1e300, 5n, '', 'text', '\ud800', Symbol('s'), fail, class {}, [], [1, 2], {}],
    ...[new Date(0), /x/, new Map(), Promise.resolve(), thrower, revoked.proxy, external],
    ...[Object.create(null), new ArrayBuffer(8), new SharedArrayBuffer(8), gone, cut, tracking],
    ...[
      new DataView(new ArrayBuffer(8)),
      Buffer.alloc(4),
      new Float32Array(new SharedArrayBuffer(8)),
    ],
    ...kinds.flatMap((Kind) => [new Kind(0), new Kind(3)]),
    ...[Float32Array.of(Number.NaN, Infinity), Uint32Array.of(0xffffffff), new Uint32Array(1e5)],
    ...[model, dataset, raw, encoding, Model, Dataset, Model.prototype, Dataset.prototype],
    ...[Object.create(Model.prototype), Object.create(model), Object.create(dataset)],
    ...[Object.setPrototypeOf({}, Dataset.prototype), new Proxy(model, {}), new Proxy(dataset, {})],
    Reflect.construct(Model, [widths()], Dataset),
    Reflect.construct(Dataset, [data()], Model),
  ];
}

let calls = 0;
let runs = 0;

/**
 * Calls; the call and the run that it starts may succeed or throw. `maxSteps` or `epochs` ends it.
 */
async function call(code) {
  calls++;
  try {
    const result = code();
    const promise = result?.promise ?? result;
    if (!(promise instanceof Promise)) return;
    runs++;
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

/** For every field of the object and of nested objects, a function that corrupts it in a copy. */
function* fields(object, change = (spoil) => spoil({ ...object })) {
  for (const [name, value] of Object.entries(object)) {
    yield (property) =>
      change((copy) => Object.defineProperty(copy, name, { configurable: true, ...property }));
    if (Object.getPrototypeOf(value) === Object.prototype) {
      yield* fields(value, (spoil) =>
        change((copy) => Object.assign(copy, { [name]: spoil({ ...value }) })),
      );
    }
  }
}

async function spoilFields(object, use) {
  for (const spoiled of fields(object)) {
    for (const value of garbage()) await call(() => use(spoiled({ value })));
    await call(() => use(spoiled({ get: fail })));
    // A getter that returns another value each time.
    const values = garbage();
    for (let i = 0; i < values.length; i++)
      await call(() => use(spoiled({ get: () => values.pop() })));
  }
}

const { parameters, predict } = model;
for (const method of [
  Model,
  Dataset,
  pass,
  device,
  cudaStatus,
  parameters,
  predict,
  dataset.normalized,
  InputEncoding,
  encoding.encode,
  encoding.encodeRows,
  presentStatistics,
]) {
  await call(() => method());
  await call(() => new method());
  for (const value of garbage()) {
    await call(() => method(value));
    await call(() => new method(value));
    await call(() => method.call(value));
    await call(() => method.call(value, { rows: Uint32Array.of(1) }));
    await call(() => method.apply(model, [value]));
    await call(() => method.apply(dataset, [value]));
    await call(() => method.apply(encoding, [value]));
    await call(() => Reflect.construct(method, [value], Array));
  }
}
for (const value of garbage()) {
  await call(() => Reflect.construct(Model, [widths()], value));
  await call(() => Model.call(value, widths()));
  await call(() => dataset.normalized({ rows: value }));
  for (const valid of requests()) await call(() => pass(valid, value));
}
await spoilFields(widths(), (spoiled) => new Model(spoiled));
await spoilFields({ ...widths(), parameters: fisher }, (spoiled) => new Model(spoiled));
await spoilFields({ source: model }, (spoiled) => new Model(spoiled));
await spoilFields(data(), (spoiled) => new Dataset(spoiled));
const inputs = { features: new Uint8Array(8), scale: 1, offset: 0 };
await spoilFields(inputs, (spoiled) => model.predict(spoiled));
for (const valid of requests()) await spoilFields(valid, (spoiled) => pass(spoiled));
await spoilFields(columns(), (spoiled) => new InputEncoding(spoiled));
await spoilFields({ features: new Float32Array(6) }, (spoiled) => encoding.encode(spoiled));
await spoilFields({ dataset: raw, threads: 2 }, (spoiled) => encoding.encodeRows(spoiled));
await spoilFields(rawRequest(), (spoiled) => presentStatistics(spoiled));
const { means } = await presentStatistics(rawRequest());
if (means[2] !== 0 || means[0] !== 2.5) throw new Error(`other means: ${means}`);

// A getter that returns another model each time: the parameters must not end up in the wrong one.
const larger = new Model({ widths: Uint32Array.of(4, 300, 300, 3), seed: 1 });
const [sgd] = requests();
let reading = 0;
const turns = { get: () => (reading++ % 2 === 0 ? model : larger) };
for (let i = 0; i < 4; i++) {
  await pass(Object.defineProperty({ ...sgd }, 'model', turns)).promise;
  await pass({ ...sgd, model: larger }).promise;
}

// Results that are larger than any memory.
const wide = new Dataset({ ...data(), features: new Uint8Array(81920), columns: 8192 });
await call(() => wide.normalized({ rows: new Uint32Array(2 ** 20) }));

// A callback that throws.
const throwing = pass(sgd, fail).promise;
await throwing.then(fail, ({ code }) => code === 'ERR_ABORTED' || fail());

// An external is neither a data set nor a model, whoever made it.
for (const Class of [Dataset, Model]) {
  try {
    new Class(external);
    fail();
  } catch ({ code }) {
    if (code !== 'ERR_INVALID_ARGUMENT') throw new Error(`not refused as such: ${code}`);
  }
}

// Runs the finalizers of everything that was only partly constructed.
collectGarbage();
await new Promise(setImmediate);
const { steps } = await pass(sgd).promise;
console.log(JSON.stringify({ calls, steps, runs }));
