import type * as Plot from '@observablehq/plot';
import { spreadLabels } from './label-layout.js';

/** A named point in the units of the axes. */
interface NamedPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** A point (x, y) in pixels, and the y of its name, `place`. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly place: number;
}

/** Initializes channels of a mark, in pixels, from the places of the points' names. */
export function withPlaces(
  points: readonly NamedPoint[],
  channelsOf: (places: readonly Place[]) => Readonly<Record<string, number[]>>,
): Plot.InitializerFunction {
  return (_data, _facets, _channels, { x, y }, { marginTop }) => {
    const labels = points.map((point) => ({ x: x!(point.x), y: y!(point.y), text: point.name }));
    const places = spreadLabels(labels, marginTop);
    const channels = channelsOf(labels.map((label, i) => ({ ...label, place: places[i]! })));
    return {
      channels: Object.fromEntries(
        Object.entries(channels).map(([name, value]) => [name, { value }]),
      ),
    };
  };
}
