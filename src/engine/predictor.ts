import type { Ensemble } from './ensemble.js';
import type { Model } from './model.js';

/** What consists of networks, and can be written as a graph. */
export type Exportable = Pick<Model, 'widths' | 'parameters'> | Ensemble;

/** A model or an ensemble: what it consists of, and what it claims to compute. */
export type Predictor = Exportable & Pick<Model, 'logits'>;
