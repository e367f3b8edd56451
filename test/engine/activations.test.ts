import { describe, expect, it } from 'vitest';
import { hiddenActivations } from '#lethe/engine/activations';
import { Model } from '#lethe/engine/model';
import { expectCode } from '../support/errors.js';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset();
const model = Model.create(TOY_WIDTHS, { seed: 3 });

describe('hidden activations', () => {
  it('give the logits when passed through the layers above', async () => {
    const rows = [3, 1, 200];
    const logits = await model.logits(dataset, rows);
    const { values, units } = await hiddenActivations(model, dataset, rows);
    expect(units).toBe(8);
    expect(values.every((value) => value >= 0) && values.some((value) => value > 0)).toBe(true);
    const parameters = model.parameters();
    const top = parameters.length - 3 * 9;
    rows.forEach((_, row) => {
      for (let c = 0; c < 3; c++) {
        let z = parameters[top + 24 + c]!;
        for (let u = 0; u < 8; u++) z += parameters[top + c * 8 + u]! * values[row * 8 + u]!;
        expect(z).toBeCloseTo(logits[row * 3 + c]!, 5);
      }
    });
    expect((await hiddenActivations(model, dataset, rows, { layer: 1 })).units).toBe(16);
  });

  it.each([0, 3, 1.5])('refuse layer %d', async (layer) => {
    const call = () => hiddenActivations(model, dataset, [0], { layer });
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  });
});
