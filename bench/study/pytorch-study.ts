import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchError } from '../support/bench-error.js';
import { inLethe } from '../support/places.js';
import { totalSeconds } from '../support/statistics.js';
import type { SettingName } from './settings.js';
import type { ModelFigures, SettingFigures, StudyModel } from './study.js';

/** The same seed of the study in another framework. */
export interface PeerFigures {
  readonly name: string;
  readonly version: string;
  readonly settings: SettingFigures<StudyModel>;
}

interface StudyReport {
  torch: string;
  blas: string;
  core: string | null;
  settings: SettingFigures<StudyModel>;
}

const STUDY_SCRIPT = inLethe('bench/python/study.py');

/**
 * The study in PyTorch, eager, on the CPU, with as many threads.
 *
 * @param environment in which its BLAS is as fast as it can be
 * @throws {BenchError} ERR_PEER: no such Python, no PyTorch, or one with a slow BLAS.
 */
export async function runPyTorch(
  python: string,
  dataFolder: string,
  seed: number,
  threads: number,
  environment: NodeJS.ProcessEnv,
): Promise<PeerFigures> {
  const flags = ['--seed', `${seed}`, '--threads', `${threads}`, '--setting', 'both', '--json'];
  let report: StudyReport;
  try {
    const { stdout } = await promisify(execFile)(
      python,
      [STUDY_SCRIPT, '--data', dataFolder, ...flags],
      { env: environment },
    );
    report = JSON.parse(stdout) as StudyReport;
  } catch (cause) {
    const detail = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new BenchError('ERR_PEER', `the study in PyTorch failed: ${detail}`, { cause });
  }
  const { settings, torch, blas, core } = report;
  const withTotal = (figures: ModelFigures): ModelFigures => ({
    ...figures,
    seconds: { ...figures.seconds, total: totalSeconds(figures.seconds) },
  });
  const table = (name: SettingName) => ({
    base: withTotal(settings[name].base),
    M0: withTotal(settings[name].M0),
    M2: withTotal(settings[name].M2),
  });
  return {
    name: 'PyTorch',
    version: `${torch} (${core ? `${blas} ${core}` : blas})`,
    settings: { zipf: table('zipf'), exclusive: table('exclusive') },
  };
}
