/** `lethe/formats`: import and export of models. */

export {
  type OnnxOptions,
  type StateDictOptions,
  saveOnnx,
  saveSafetensors,
  toOnnx,
  toSafetensors,
} from './export-model.js';
export {
  fromOnnx,
  fromSafetensors,
  type ImportedModel,
  loadOnnx,
  loadSafetensors,
  type OnnxImportOptions,
  type SafetensorsImportOptions,
} from './import-model.js';
