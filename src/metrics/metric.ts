/** A number, or why there is none: never NaN, never a 0 that means nothing. */
export type Metric =
  | { readonly value: number; readonly reason?: undefined }
  | { readonly value?: undefined; readonly reason: string };

export const defined = (value: number): Metric => ({ value });
export const undefinedBecause = (reason: string): Metric => ({ reason });
