/** A label that is to stand to the right of a point; pixels, y downwards. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** From a point to its label. */
export const LABEL_GAP = 8;
export const LABEL_FONT_SIZE = 11;
const LINE_HEIGHT = 13;
/** Of a character of a sans-serif font, at most on average. */
const CHARACTER_WIDTH = 0.62 * LABEL_FONT_SIZE;
/** Labels keep off the points themselves, too. */
const POINT_RADIUS = 5;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * The y of each label such that none covers another or a point: from top to bottom each takes the
 * place nearest to its point, in steps of half a line, that is still free.
 *
 * @param top above which no label goes; below there is always a free place in the end
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

/** In turns below and above. */
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
