import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { decodeSafetensors, type SafetensorsFile } from '#lethe/engine/safetensors';

/**
 * The tolerance for comparing with PyTorch's float64 results, see scripts/pytorch/make_fixtures.py.
 * PyTorch's own float32 results differ by up to 5.6e-7 of a tensor's largest element. Sums in
 * another order may differ a few times more; a wrong formula is off by orders of magnitude.
 */
export const TOLERANCE = 2e-6;

const TYPES = { F32: Float32Array, U32: Uint32Array, U8: Uint8Array };

export class Fixture {
  readonly widths: readonly number[];
  readonly tensorNames: readonly string[];
  private readonly file: SafetensorsFile;

  constructor(
    name: 'small' | 'real' | 'm2' | 'components' | 'metrics' | 'methods' | 'steady' | 'pipeline',
  ) {
    this.file = decodeSafetensors(
      readFileSync(new URL(`../fixtures/${name}.safetensors`, import.meta.url)),
    );
    this.widths = this.file.metadata.widths!.split(',').map(Number);
    this.tensorNames = this.widths
      .slice(1)
      .flatMap((_, layer) => [`layers.${layer}.weight`, `layers.${layer}.bias`]);
  }

  get affine() {
    return { scale: this.number('scale'), offset: this.number('offset') };
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  json<T>(name: string): T {
    return JSON.parse(this.text(name)) as T;
  }

  private text(name: string): string {
    const text = this.file.metadata[name];
    if (text === undefined) throw new Error(`the fixture has no ${name}`);
    return text;
  }

  private tensor(name: string) {
    const tensor = this.file.tensors.get(name);
    if (!tensor) throw new Error(`the fixture has no tensor ${name}`);
    return tensor;
  }

  floats(name: string): Float32Array {
    return this.typed(name, 'F32') as Float32Array;
  }

  /** A tensor of integers. */
  indices(name: string): Uint32Array {
    const { dtype } = this.tensor(name);
    return Uint32Array.from(this.typed(name, dtype === 'U8' ? 'U8' : 'U32'));
  }

  bytes(name: string): Uint8Array {
    return this.typed(name, 'U8') as Uint8Array;
  }

  private typed(name: string, dtype: keyof typeof TYPES) {
    const tensor = this.tensor(name);
    if (tensor.dtype !== dtype) throw new Error(`${name} is ${tensor.dtype}, not ${dtype}`);
    // A copy, since the bytes need not be aligned.
    return new TYPES[dtype](Uint8Array.from(tensor.bytes).buffer);
  }

  /** The parameter vector of the fixture's tensors of this name. */
  vector(prefix = ''): Float32Array {
    return concatenate(this.tensorNames.map((name) => this.floats(prefix + name)));
  }

  /** The parameter vector of float16 tensors. */
  halfVector(): Float32Array {
    return concatenate(
      this.tensorNames.map((name) => {
        const { dtype, bytes } = this.tensor(name);
        if (dtype !== 'F16') throw new Error(`${name} is ${dtype}, not F16`);
        const halves = new Uint16Array(Uint8Array.from(bytes).buffer);
        return Float32Array.from(halves, widenHalf);
      }),
    );
  }

  /** The tensors of a parameter vector, by name. */
  split(vector: Float32Array): Map<string, Float32Array> {
    let offset = 0;
    const tensors = new Map<string, Float32Array>();
    this.widths.slice(1).forEach((outputs, layer) => {
      for (const [part, size] of [
        ['weight', outputs * this.widths[layer]!],
        ['bias', outputs],
      ] as const) {
        tensors.set(`layers.${layer}.${part}`, vector.subarray(offset, offset + size));
        offset += size;
      }
    });
    expect(offset).toBe(vector.length);
    return tensors;
  }

  /** Expects every tensor of the vector to match the fixture's, which is stored completely. */
  expectVector(actual: Float32Array, prefix: string): void {
    for (const [name, values] of this.split(actual)) {
      expectClose(values, this.floats(prefix + name), prefix + name);
    }
  }

  /** As expectVector, for a fixture that stores every n-th element, the sum and the norm. */
  expectStridedVector(actual: Float32Array, quantity: string): void {
    for (const [name, values] of this.split(actual)) {
      const key = `${quantity}.${name}`;
      const stride = this.number(`stride.${name}`);
      expectClose(
        values.filter((_, i) => i % stride === 0),
        this.floats(key),
        key,
      );
      this.expectSums(values, key);
    }
  }

  expectSums(values: Float32Array, key: string): void {
    const norm = this.number(`norm.${key}`);
    expect(Math.abs(Math.hypot(...chunkNorms(values)) - norm), key).toBeLessThan(TOLERANCE * norm);
    // By Cauchy-Schwarz, the largest change of a sum by a difference of TOLERANCE norm.
    const sum = values.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - this.number(`sum.${key}`)), key).toBeLessThan(
      TOLERANCE * norm * Math.sqrt(values.length),
    );
  }
}

/** Expects no difference above TOLERANCE times the largest expected element. */
export function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const difference = actual.reduce((largest, value, i) => {
    const distance = Math.abs(value - expected[i]!);
    return Number.isNaN(distance) ? Infinity : Math.max(largest, distance);
  }, 0);
  expect(difference / scale, `${what}: difference, of the largest element`).toBeLessThan(TOLERANCE);
}

function chunkNorms(values: Float32Array): number[] {
  return Array.from({ length: Math.ceil(values.length / 1024) }, (_, chunk) =>
    Math.hypot(...values.subarray(1024 * chunk, 1024 * (chunk + 1))),
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((size, { length }) => size + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Decodes IEEE 754 binary16, all of whose values float32 can represent. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) throw new Error('a parameter is not finite');
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
