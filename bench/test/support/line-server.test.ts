import { describe, expect, it, onTestFinished } from 'vitest';
import { failure } from '../../../test/support/errors.js';
import { BenchError } from '../../support/bench-error.js';
import { LineServer } from '../../support/line-server.js';

function serve(script: string): LineServer {
  const server = new LineServer(process.execPath, ['-e', script]);
  onTestFinished(() => server.close());
  return server;
}

const ECHO = `require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => console.log(JSON.stringify({ line })));`;

describe('a line server', () => {
  it('answers each request in its turn', async () => {
    const server = serve(ECHO);
    expect(await server.ask('one')).toEqual({ line: 'one' });
    expect(await server.ask('two')).toEqual({ line: 'two' });
  });

  it('may speak first', async () => {
    expect(await serve('console.log(\'{"version":3}\')').read()).toEqual({ version: 3 });
  });

  it('says why it has ended', async () => {
    const server = serve('console.error("no such thing"); process.exit(1)');
    const error = await failure(() => server.ask('one'));
    expect(error).toBeInstanceOf(BenchError);
    expect((error as BenchError).message).toContain('no such thing');
  });

  it('says what it has not understood', async () => {
    const server = serve('console.log(\'{"error":"what?"}\')');
    const error = await failure(() => server.ask('one'));
    expect(error).toBeInstanceOf(BenchError);
    expect((error as BenchError).message).toContain('what?');
  });

  it('says that there is no such program', async () => {
    const server = new LineServer('/no/such/program', []);
    const error = await failure(() => server.ask('one'));
    expect(error).toBeInstanceOf(BenchError);
    expect((error as BenchError).message).toContain('/no/such/program');
  });
});
