/** A label to the right of a point at (x, y), in pixels; y points down. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** The distance from a point to its label. */
export const LABEL_GAP = 8;
export const LABEL_FONT_SIZE = 11;
const LINE_HEIGHT = 13;
/** An upper bound on the mean width of a character in sans-serif fonts. */
const CHARACTER_WIDTH = 0.62 * LABEL_FONT_SIZE;
/** Labels must not cover points, either. */
const POINT_RADIUS = 5;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * The y of each label, such that no label covers another or a point: from top to bottom, each takes
 * the free place nearest to its point, in steps of half a line.
 *
 * @param top the upper limit of labels; there is no lower one, so a free place always exists
 */
export function spreadLabels(labels: readonly Label[], top: number): number[] {
  const taken: Box[] = labels.map(({ x, y }) => ({
    ...{ left: x - POINT_RADIUS, right: x + POINT_RADIUS },
    ...{ top: y - POINT_RADIUS, bottom: y + POINT_RADIUS },
  }));
  const order = labels.map((_, i) => i).sort((a, b) => labels[a]!.y - labels[b]!.y || a - b);
  const places: number[] = [];
  for (const i of order) {
    const label = labels[i]!;
    const isFree = (box: Box) => box.top >= top && !taken.some((other) => overlap(box, other));
    let step = 0;
    while (!isFree(boxOf(label, placeOf(label, step)))) step++;
    places[i] = placeOf(label, step);
    taken.push(boxOf(label, places[i]));
  }
  return places;
}

/** The y at a step: alternately below and above the point, ever further away. */
function placeOf({ y }: Label, step: number): number {
  const distance = (Math.ceil(step / 2) * LINE_HEIGHT) / 2;
  return step % 2 === 1 ? y + distance : y - distance;
}

function boxOf({ x, text }: Label, y: number): Box {
  const left = x + LABEL_GAP;
  return {
    ...{ left, right: left + text.length * CHARACTER_WIDTH },
    ...{ top: y - LINE_HEIGHT / 2, bottom: y + LINE_HEIGHT / 2 },
  };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
