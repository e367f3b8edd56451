import {
  type BenchFlags,
  benchCommand,
  computeFlags,
  describeMachine,
  reportError,
  threadsOf,
} from '../support/command-line.js';
import { loadBenchData } from '../support/data.js';
import { Progress } from '../support/progress.js';
import { describePeer, PyTorchPeer } from '../support/pytorch-peer.js';
import { QUICK, THOROUGH } from './bench.js';
import { goalsOf } from './goals.js';
import { measureEngine } from './measure.js';
import { NativeBench } from './native-bench.js';
import { OnnxRuntimePeer } from './onnxruntime-peer.js';
import { type EngineReport, renderEngine } from './tables.js';

interface Flags extends BenchFlags {
  readonly peers: boolean;
  readonly python: string;
}

function parseFlags(): Flags {
  return benchCommand(
    'bench:engine',
    'Measures the engine against the machine, against ONNX Runtime and, with --peers, against PyTorch. The peak, ' +
      'the stages of a step, scaling, one row and memory are those of the CPU, whatever the device.',
    'one measurement of each instead of 7, and a few sizes',
  )
    .option('--peers', 'measure PyTorch in the same run', false)
    .option('--python <path>', 'the Python that has PyTorch', '/usr/bin/python3')
    .parse()
    .opts<Flags>();
}

async function report(flags: Flags, progress: Progress): Promise<EngineReport> {
  const loaded = await loadBenchData(flags, progress);
  const effort = flags.quick ? QUICK : THOROUGH;
  const native = new NativeBench();
  let pytorch: PyTorchPeer | undefined;
  try {
    if (flags.peers) {
      progress.stage("choosing PyTorch's kernels");
      pytorch = await PyTorchPeer.start(flags.python, threadsOf(flags));
      progress.say(describePeer(pytorch));
    }
    const figures = await measureEngine({
      ...{ ...loaded, native, ...(pytorch && { pytorch }) },
      ...{ compute: computeFlags(flags), effort },
      onStage: (stage) => progress.stage(stage),
    });
    return {
      dataset: loaded.data.train.name,
      environment: {
        ...describeMachine(computeFlags(flags)),
        ...{ rounds: effort.rounds, steps: effort.steps },
        onnxRuntime: OnnxRuntimePeer.version,
        ...(pytorch && { pytorch: pytorch.version, kernels: pytorch.trials }),
      },
      ...figures,
      goals: goalsOf(figures),
    };
  } finally {
    native.close();
    pytorch?.close();
  }
}

async function main(): Promise<void> {
  const flags = parseFlags();
  const progress = new Progress();
  let results: EngineReport;
  try {
    results = await report(flags, progress);
  } finally {
    progress.stop();
  }
  console.log(flags.json ? JSON.stringify(results, null, 2) : renderEngine(results));
}

try {
  await main();
} catch (error) {
  reportError(error);
}
