// Forgets a user in a classifier head on top of embeddings.
//
// A fixed text or image encoder turns each document into an embedding of 64 numbers; only a small
// network on top, the head, is trained on the users' labels. This example generates such
// embeddings, trains the head with weight decay, deletes one user and shows that the new head has
// never seen that user's rows.
//
//   node examples/embeddings.mjs

import { Dataset, Model, openStore, retrain, verify } from 'lethe';

const CLASSES = ['invoice', 'contract', 'letter', 'advert', 'report'];
const COLUMNS = 64;
const ROWS = 4000;
const USERS = 40;

/** Embeddings of a class lie around one point; float32, as encoders return them. */
function makeDocuments() {
  const random = randomNumbers(1);
  const centers = CLASSES.map(() => Float32Array.from({ length: COLUMNS }, () => random()));
  const labels = Uint32Array.from({ length: ROWS }, (_, row) => row % CLASSES.length);
  const features = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const row = Math.floor(i / COLUMNS);
    return centers[labels[row]][i % COLUMNS] + 2.5 * random();
  });
  const owners = Uint32Array.from({ length: ROWS }, (_, row) => (row * 7) % USERS);
  return { features, labels, owners };
}

/** Approximately standard normal: a sum of uniform numbers from a linear congruential generator. */
function randomNumbers(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return () => 2 * (uniform() + uniform() + uniform());
}

const { features, labels, owners } = makeDocuments();
const documents = new Dataset({
  name: 'document embeddings',
  rows: ROWS,
  columns: COLUMNS,
  classes: CLASSES.length,
  features,
  labels,
});
const store = await openStore();
const subjects = Array.from({ length: USERS }, (_, user) => `user-${user}`);
await store.ingest({ subjects, owners }, labels);

// Every tenth row is held back to test the head on unseen documents.
const isHeldBack = (row) => row % 10 === 9;
const test = (await store.rows()).filter(isHeldBack);
const training = { epochs: 20, batchSize: 32, learningRate: 0.02, weightDecay: 1e-3 };
const head = Model.create([COLUMNS, 32, CLASSES.length], { seed: 1 });
const rows = (await store.rows()).filter((row) => !isHeldBack(row));
await head.train(documents, { ...training, rows, seed: 1 });

const deletion = await store.delete('user-7');
await store.close();
const forget = deletion.forget.filter((row) => !isHeldBack(row));
const retain = deletion.retain.filter((row) => !isHeldBack(row));
const { model, seconds } = await retrain(
  { model: head, dataset: documents, forget, retain },
  { ...training, seed: 2 },
);
const verification = await verify(model, [
  { name: 'forget', dataset: documents, rows: forget },
  { name: 'retain', dataset: documents, rows: retain },
  { name: 'test', dataset: documents, rows: test },
]);

const percent = async (of, on) => `${(await of.evaluate(documents, on)).accuracy.toFixed(1)} %`;
console.log(`user-7 owned ${forget.length} of ${rows.length} training rows of ${documents.name}`);
console.log(`before: ${await percent(head, forget)} on them, ${await percent(head, test)} on test`);
console.log(
  `after:  ${await percent(model, forget)} on them, ${await percent(model, test)} on test`,
);
console.log(`retrained in ${seconds.train.toFixed(2)} s, parameters ${model.hash()}`);
console.log(
  `${verification.runtime} agrees on ${(100 * (verification.agreement ?? 0)).toFixed(0)} % of ` +
    `${verification.rows} rows; largest difference of a logit ${verification.maxAbsDiff.toExponential(1)}`,
);
