// Ends the process in the middle of a run, in one of several ways.
import { trainEndlessly } from './endless.mjs';

const ways = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('thrown in the middle');
  },
};
trainEndlessly();
trainEndlessly({
  onProgress: ({ step }) => {
    if (step > 0) setImmediate(ways[process.argv[2]]);
  },
});
