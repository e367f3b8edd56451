/** A number, or the reason why it is undefined; never NaN and never a meaningless 0. */
export type Metric =
  | { readonly value: number; readonly reason?: undefined }
  | { readonly value?: undefined; readonly reason: string };

export const defined = (value: number): Metric => ({ value });
export const undefinedBecause = (reason: string): Metric => ({ reason });
