import { spawnSync } from 'node:child_process';

export const PYTHON = '/usr/bin/python3';

/** Whether the peers that are PyTorch can run here. */
export const hasPyTorch = spawnSync(PYTHON, ['-c', 'import torch']).status === 0;
