// Asks for Kronecker factors of 2^17 x 2^17 float32, 64 GiB, and prints what comes of it. Run it where a process
// may have less, so that nothing depends on what the machine lends.
import { pass } from '#lethe/engine/index';
import { Dataset, Model } from '#lethe/index';

const columns = 2 ** 17;
const model = Model.create([columns, 1]);
const dataset = new Dataset({
  ...{ name: 'wide', rows: 1, columns, classes: 1 },
  features: new Uint8Array(columns),
  affine: { scale: 1, offset: 0 },
  labels: new Uint32Array(1),
});
const collect = (kind) => pass(model, dataset, { rows: [0] }, { target: 'label' }, { kind });
const { code, message } = await collect('kroneckerFactors').catch((error) => error);
const { length } = (await collect('logits')).values;
console.log(JSON.stringify({ code, message, length }));
