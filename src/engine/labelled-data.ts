/** An affine map of raw features: x = scale * u + offset. */
export interface AffineMap {
  readonly scale: number;
  readonly offset: number;
}

export const IDENTITY: AffineMap = { scale: 1, offset: 0 };

/** Rows of features with one class label each, as readers return them for `new Dataset`. */
export interface LabelledData {
  /** The data set's name, e.g. `MNIST train`; error messages and reports show it. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** Row-major [rows, columns]: raw bytes, or float32 values as the network receives them. */
  readonly features: Uint8Array | Float32Array;
  /**
   * Maps raw bytes to the network's input; for float32 features, leave it out or give the identity.
   */
  readonly affine?: AffineMap;
  /** [rows], each in 0..classes-1. */
  readonly labels: Uint32Array;
}
