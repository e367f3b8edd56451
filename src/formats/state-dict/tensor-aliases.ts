import { BIAS, WEIGHT } from '../../engine/model-tensors.js';
import type { SafetensorsFile, Tensor } from '../../engine/safetensors.js';
import { invalidModel } from '../model-error.js';

/**
 * The tensors of a file by all of their names. Where layers share a tensor, safetensors'
 * `save_model` stores it once and writes the other names into the metadata: `"2.weight":
 * "0.weight"`.
 *
 * @throws {LetheError} ERR_INVALID_MODEL: a name that leads to no tensor, or in a circle, or that
 * has a tensor of its own.
 */
export function resolveAliases(
  { metadata, tensors }: SafetensorsFile,
  file: string,
): ReadonlyMap<string, Tensor> {
  const aliases = new Map(Object.entries(metadata).filter((entry) => isAlias(entry, tensors)));
  const all = new Map(tensors);
  for (const [alias, target] of aliases) {
    if (tensors.has(alias)) {
      throw invalidModel(
        file,
        `its metadata say that ${alias} is ${target}, but it holds both: remove one of them`,
      );
    }
    all.set(alias, follow(alias, aliases, tensors, file));
  }
  return all;
}

/** Whether an entry of the metadata names a tensor: other programs write their own entries. */
function isAlias([name, target]: [string, string], tensors: SafetensorsFile['tensors']): boolean {
  const isParameter = name.endsWith(WEIGHT) || name.endsWith(BIAS);
  return tensors.has(target) || (isParameter && !tensors.has(name));
}

function follow(
  alias: string,
  aliases: ReadonlyMap<string, string>,
  tensors: SafetensorsFile['tensors'],
  file: string,
): Tensor {
  const seen = new Set<string>();
  let name = alias;
  for (;;) {
    const tensor = tensors.get(name);
    if (tensor) return tensor;
    if (seen.has(name)) {
      throw invalidModel(file, `its metadata lead from ${alias} in a circle, to no tensor`);
    }
    seen.add(name);
    const target = aliases.get(name);
    if (target === undefined) {
      throw invalidModel(
        file,
        `its metadata say that ${alias} is ${name}, but there is no such tensor: save the model again with safetensors.torch.save_model`,
      );
    }
    name = target;
  }
}
