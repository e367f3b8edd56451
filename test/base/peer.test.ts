import { describe, expect, it } from 'vitest';
import { importPeer } from '#lethe/base/peer';
import { expectCode } from '../support/errors.js';

describe('an optional package', () => {
  it('is imported where it is installed', async () => {
    const { tableFromIPC } = await importPeer<typeof import('apache-arrow')>('apache-arrow');
    expect(typeof tableFromIPC).toBe('function');
  });

  it('that is not installed is named with the command that installs it', async () => {
    const { message } = await expectCode(
      () => importPeer('lethe-peer-of-no-one'),
      'ERR_PEER_MISSING',
    );
    expect(message).toContain('run `npm install lethe-peer-of-no-one`');
  });
});
