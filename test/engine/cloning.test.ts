import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import { openStore } from '#lethe/stores/open-store';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset({ rows: 40 });
const model = Model.create(TOY_WIDTHS);
const owners = Uint32Array.from({ length: 40 }, (_, row) => row % 5);
const store = await openStore();
afterAll(() => store.close());

describe.each<[string, object]>([
  ['a Model', model],
  ['a Dataset', dataset],
  ['an Ensemble', new Ensemble([{ model, weight: 1 }])],
  ['a Sisa', await Sisa.train(TOY_WIDTHS, dataset, { owners })],
  ['a RowSet', dataset.allRows()],
  ['a store', store],
])('%s', (_, object) => {
  it('is not copied, but refused, by structuredClone and postMessage', () => {
    const { port1, port2 } = new MessageChannel();
    for (const value of [object, { nested: [object] }, new Map([['key', object]])]) {
      expect(() => structuredClone(value)).toThrow(/an object of Lethe, .* could not be cloned/);
      expect(() => port1.postMessage(value)).toThrow(/could not be cloned/);
    }
    port1.close();
    port2.close();
  });

  it('can be written to a log as JSON', () => {
    expect(JSON.stringify({ object })).not.toContain('uncloneable');
  });
});
