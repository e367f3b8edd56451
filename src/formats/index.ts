/** `lethe/formats`: models from elsewhere, and to elsewhere. */

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
  type SafetensorsImportOptions,
} from './import-model.js';
