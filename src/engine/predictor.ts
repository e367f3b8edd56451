import type { Ensemble } from './ensemble.js';
import type { Model } from './model.js';

/** A model or an ensemble that can be exported as a graph. */
export type Exportable = Pick<Model, 'widths' | 'parameters'> | Ensemble;

/** A model or an ensemble: its parameters, and the logits that it computes from them. */
export type Predictor = Exportable & Pick<Model, 'logits'>;
