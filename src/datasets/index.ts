/** `lethe/datasets`: data sets for experiments, and synthetic owners for their rows. */

export {
  assignExclusive,
  assignZipf,
  type ExclusiveOptions,
  type ZipfOptions,
} from './assignment.js';
export { type Cifar10, type Cifar10Options, type Cifar10Rows, loadCifar10 } from './cifar10.js';
export { type IdxArray, type IdxOptions, loadIdx } from './idx.js';
export { type LabelledIdx, labelledFromIdx } from './labelled-idx.js';
export { loadMnist, type Mnist, type MnistOptions } from './mnist.js';
export { type DownloadOptions, type DownloadProgress, downloadMnist } from './mnist-download.js';
export { type DigitsOptions, syntheticDigits } from './synthetic-digits.js';
