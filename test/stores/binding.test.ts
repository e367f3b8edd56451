import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

it.each(['missing', 'mismatched'])('a binding that is %s has a code and a remedy', async (how) => {
  const { stdout, code: status } = await runChild('store-without-binding', [how]);
  expect(status).toBe(0);
  const { code, message } = JSON.parse(stdout) as { code: string; message: string };
  expect(code).toBe('ERR_STORE_BINDING');
  expect(message).toContain('npm rebuild better-sqlite3');
  expect(message).toContain('pnpm approve-builds');
  expect(message).not.toContain('\n');
});
