/** A point of a glyph: x to the right, y downwards, both in 0..1. */
export type Point = readonly [x: number, y: number];

/** A stroke is a line through its points. */
export type Stroke = readonly Point[];

/**
 * A point of the unit circle at `turn` full turns, clockwise from the right. Uses the rational
 * parametrization instead of sine and cosine, whose last bits differ between machines.
 */
function circlePoint(turn: number): Point {
  const quadrant = Math.floor(turn * 4);
  const t = turn * 4 - quadrant;
  const x = (1 - t * t) / (1 + t * t);
  const y = (2 * t) / (1 + t * t);
  switch (((quadrant % 4) + 4) % 4) {
    case 0:
      return [x, y];
    case 1:
      return [-y, x];
    case 2:
      return [-x, -y];
    default:
      return [y, -x];
  }
}

interface Ellipse {
  readonly center: Point;
  readonly radius: Point;
}

function arc({ center, radius }: Ellipse, from: number, to: number): Stroke {
  const segments = Math.ceil(Math.abs(to - from) * 10);
  return Array.from({ length: segments + 1 }, (_, i): Point => {
    const [x, y] = circlePoint(from + ((to - from) * i) / segments);
    return [center[0] + radius[0] * x, center[1] + radius[1] * y];
  });
}

/** For each digit 0 to 9 its variants, and for each variant its strokes. */
export const DIGITS: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc({ center: [0.5, 0.5], radius: [0.25, 0.38] }, 0, 1)]],
  [
    [
      [
        [0.5, 0.12],
        [0.5, 0.88],
      ],
    ],
    [
      [
        [0.36, 0.28],
        [0.53, 0.12],
        [0.53, 0.88],
      ],
    ],
  ],
  [[[...arc({ center: [0.49, 0.32], radius: [0.24, 0.2] }, 0.5, 1.1), [0.26, 0.88], [0.76, 0.87]]]],
  [
    [
      [
        ...arc({ center: [0.46, 0.31], radius: [0.23, 0.19] }, 0.58, 1.25),
        ...arc({ center: [0.46, 0.69], radius: [0.26, 0.19] }, 0.75, 1.42),
      ],
    ],
  ],
  [
    [
      [
        [0.58, 0.12],
        [0.24, 0.62],
        [0.8, 0.62],
      ],
      [
        [0.62, 0.4],
        [0.62, 0.88],
      ],
    ],
    [
      [
        [0.28, 0.14],
        [0.27, 0.5],
        [0.7, 0.5],
      ],
      [
        [0.7, 0.14],
        [0.68, 0.88],
      ],
    ],
  ],
  [
    [
      [
        [0.73, 0.13],
        [0.34, 0.13],
        [0.32, 0.46],
        ...arc({ center: [0.47, 0.65], radius: [0.25, 0.22] }, 0.65, 1.4),
      ],
    ],
  ],
  [
    [
      [
        [0.63, 0.12],
        [0.42, 0.3],
        [0.29, 0.55],
        ...arc({ center: [0.5, 0.68], radius: [0.22, 0.2] }, 0.5, 1.5),
      ],
    ],
  ],
  [
    [
      [
        [0.24, 0.14],
        [0.76, 0.14],
        [0.42, 0.88],
      ],
    ],
    [
      [
        [0.24, 0.14],
        [0.76, 0.14],
        [0.42, 0.88],
      ],
      [
        [0.38, 0.5],
        [0.7, 0.5],
      ],
    ],
  ],
  [
    [
      arc({ center: [0.5, 0.31], radius: [0.2, 0.18] }, 0, 1),
      arc({ center: [0.5, 0.69], radius: [0.24, 0.19] }, 0, 1),
    ],
  ],
  [[[...arc({ center: [0.51, 0.33], radius: [0.22, 0.2] }, 0, 1), [0.72, 0.5], [0.64, 0.88]]]],
];
