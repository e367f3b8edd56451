/** What the order of layers is told by: their names and shapes. */
interface NamedShape {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

/** The orders of layers in which each takes as many values as the one before it has outputs. */
interface FittingOrders {
  /** The first few of them. */
  readonly orders: readonly (readonly string[])[];
  /** Whether there is no other one. */
  readonly complete: boolean;
}

/** More than these are not listed: that there are several says enough. */
const MOST_ORDERS = 4;

/** Steps of the search, which could otherwise take as many as there are orders. */
const MOST_STEPS = 5000;

/**
 * Layers whose names differ in their numbers alone (`fc1`, `fc2`; `net.0.linear`, `net.1.linear`),
 * in the order of these numbers: each group holds those of one such stem.
 */
export function groupsByStem<T extends { readonly name: string }>(layers: readonly T[]): T[][] {
  const stems = new Map<string, T[]>();
  for (const layer of layers) {
    const stem = layer.name.replace(/\d+/g, '#');
    const group = stems.get(stem);
    if (group) group.push(layer);
    else stems.set(stem, [layer]);
  }
  return [...stems.values()].flatMap((group) => {
    const numbered = group.map((layer) => ({ layer, numbers: numbersIn(layer.name) }));
    numbered.sort((a, b) => compareNumbers(a.numbers, b.numbers));
    const sorted = numbered.map(({ layer }) => layer);
    const isTold = numbered.every(
      ({ numbers }, i) => i === 0 || compareNumbers(numbered[i - 1]!.numbers, numbers) < 0,
    );
    return isTold ? [sorted] : sorted.map((layer) => [layer]);
  });
}

/** As digits without leading zeros, since a name may hold numbers of any length. */
function numbersIn(name: string): string[] {
  return (name.match(/\d+/g) ?? []).map((digits) => digits.replace(/^0+(?=\d)/, ''));
}

/** Of two names of the same stem: the first number that differs decides. */
function compareNumbers(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((number, i) => number !== b[i]);
  if (at < 0) return 0;
  const [first, second] = [a[at]!, b[at]!];
  return first.length - second.length || (first < second ? -1 : 1);
}

/** The orders of all layers that fit their shapes and keep the order within each group. */
export function fittingOrders(groups: readonly (readonly NamedShape[])[]): FittingOrders {
  const taken = groups.map(() => 0);
  const count = groups.reduce((sum, { length }) => sum + length, 0);
  const order: string[] = [];
  const orders: string[][] = [];
  let steps = 0;
  const extend = (width: number | undefined): void => {
    if (order.length === count) orders.push([...order]);
    for (const [group, layers] of groups.entries()) {
      const next = layers[taken[group]!];
      if (!next || (width !== undefined && next.inputs !== width)) continue;
      if (orders.length > MOST_ORDERS || steps++ > MOST_STEPS) return;
      order.push(next.name);
      taken[group]!++;
      extend(next.outputs);
      taken[group]!--;
      order.pop();
    }
  };
  extend(undefined);
  const complete = orders.length <= MOST_ORDERS && steps <= MOST_STEPS;
  return { orders: orders.slice(0, MOST_ORDERS), complete };
}
