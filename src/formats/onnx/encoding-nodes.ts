import type { FittedNumber, InputMap } from '../../engine/encoding/input-map.js';
import { integerTensor, node, type OnnxPart, tensor } from './export-nodes.js';
import { TensorProto_DataType as Type } from './onnx_pb.js';

/** Inputs that the same operators make, and their places among all inputs. */
interface InputGroup {
  readonly output: string;
  readonly part: OnnxPart;
  readonly places: readonly number[];
}

/** An input of the network: what it holds of a column. */
type EncodedInput = { readonly column: number } & (
  | { readonly kind: 'number'; readonly fitted: FittedNumber }
  | { readonly kind: 'indicator' }
  | { readonly kind: 'category'; readonly place: number }
);

const FLOAT_MAX = 2 ** 128 - 2 ** 104;

/**
 * The operators that make a network's inputs of raw values, float32 [N, columns]. Sub and Div in
 * float32 are rounded correctly, so the inputs have the bits that the engine computes. There are as
 * many operators whatever the number of columns: inputs of a kind are computed together, then put
 * in order.
 */
export function encoding(
  { columns }: InputMap,
  { input, output, prefix = '' }: { input: string; output: string; prefix?: string },
): OnnxPart {
  const inputs = columns.flatMap((column, i): EncodedInput[] => [
    ...(column.kind === 'number'
      ? [{ kind: 'number' as const, column: i, fitted: column }]
      : column.categories.map((_, place) => ({ kind: 'category' as const, column: i, place }))),
    ...(column.indicator ? [{ kind: 'indicator' as const, column: i }] : []),
  ]);
  const own = `${prefix}encoding.`;
  const groups = [numbers, indicators, categories].flatMap((make) => {
    const group = make(inputs, input, own);
    return group.places.length > 0 ? [group] : [];
  });
  const order = new Array<number>(inputs.length);
  for (const [at, place] of groups.flatMap(({ places }) => places).entries()) order[place] = at;
  const outputs = groups.map((group) => group.output);
  return {
    initializers: [
      ...groups.flatMap(({ part }) => part.initializers),
      integerTensor(`${own}order`, order),
    ],
    nodes: [
      ...groups.flatMap(({ part }) => part.nodes),
      node('Concat', outputs, `${own}grouped`, { attributes: { axis: 1 } }),
      node('Gather', [`${own}grouped`, `${own}order`], output, { attributes: { axis: 1 } }),
    ],
  };
}

/** The inputs of one kind, and their places. */
function ofKind<Kind extends EncodedInput['kind']>(inputs: readonly EncodedInput[], kind: Kind) {
  const isOfKind = (input: EncodedInput): input is Extract<EncodedInput, { kind: Kind }> =>
    input.kind === kind;
  return {
    found: inputs.filter(isOfKind),
    places: inputs.flatMap((input, place) => (isOfKind(input) ? [place] : [])),
  };
}

/** The columns of these inputs, [N, inputs]. */
function columnsOf(inputs: readonly EncodedInput[], input: string, name: string): OnnxPart {
  const columns = integerTensor(
    `${name}.columns`,
    inputs.map(({ column }) => column),
  );
  return {
    initializers: [columns],
    nodes: [node('Gather', [input, columns.name], `${name}.raw`, { attributes: { axis: 1 } })],
  };
}

/** (x - centre) / scale, of the fill where x is missing, and within the range of float32. */
function numbers(inputs: readonly EncodedInput[], input: string, own: string): InputGroup {
  const { found, places } = ofKind(inputs, 'number');
  const name = `${own}numbers`;
  const output = `${name}.held`;
  const raw = columnsOf(found, input, name);
  const vector = (part: string, of: (fitted: FittedNumber) => number | undefined, left: number) =>
    tensor(
      `${name}.${part}`,
      [found.length],
      Float32Array.from(found, ({ fitted }) => of(fitted) ?? left),
    );
  const bound = (part: string, value: number) =>
    tensor(`${name}.${part}`, [], Float32Array.of(value));
  const fills = vector('fills', ({ fill }) => fill, 0);
  const centres = vector('centres', ({ centre }) => centre, 0);
  const scales = vector('scales', ({ scale }) => scale, 1);
  const [least, largest] = [bound('least', -FLOAT_MAX), bound('largest', FLOAT_MAX)];
  return {
    ...{ output, places },
    part: {
      initializers: [...raw.initializers, fills, centres, scales, least, largest],
      nodes: [
        ...raw.nodes,
        node('IsNaN', [`${name}.raw`], `${name}.missing`),
        node('Where', [`${name}.missing`, fills.name, `${name}.raw`], `${name}.filled`),
        node('Sub', [`${name}.filled`, centres.name], `${name}.centred`),
        node('Div', [`${name}.centred`, scales.name], `${name}.scaled`),
        node('Clip', [`${name}.scaled`, least.name, largest.name], output),
      ],
    },
  };
}

/** 1 where the value of a column is missing. */
function indicators(inputs: readonly EncodedInput[], input: string, own: string): InputGroup {
  const { found, places } = ofKind(inputs, 'indicator');
  const name = `${own}indicators`;
  const { initializers, nodes } = columnsOf(found, input, name);
  const missing = `${name}.missing`;
  return {
    ...{ output: `${name}.ones`, places },
    part: {
      initializers,
      nodes: [
        ...nodes,
        node('IsNaN', [`${name}.raw`], missing),
        node('Cast', [missing], `${name}.ones`, { attributes: { to: Type.FLOAT } }),
      ],
    },
  };
}

/** 1 where a column holds the place of the input's category. */
function categories(inputs: readonly EncodedInput[], input: string, own: string): InputGroup {
  const { found, places } = ofKind(inputs, 'category');
  const name = `${own}categories`;
  const { initializers, nodes } = columnsOf(found, input, name);
  const wanted = tensor(
    `${name}.places`,
    [found.length],
    Float32Array.from(found, ({ place }) => place),
  );
  const same = `${name}.same`;
  return {
    ...{ output: `${name}.ones`, places },
    part: {
      initializers: [...initializers, wanted],
      nodes: [
        ...nodes,
        node('Equal', [`${name}.raw`, wanted.name], same),
        node('Cast', [same], `${name}.ones`, { attributes: { to: Type.FLOAT } }),
      ],
    },
  };
}
