import { type CommonFlags, reportError } from './command-line.js';
import { Progress } from './progress.js';
import { ensureResultsFolder, RESULTS_FOLDER, writeResult } from './results-folder.js';

/** A bench whose report goes to stdout, and to a JSON file and a page. */
export interface ReportBench<Flags extends CommonFlags, Report> {
  /** Of both files, without the endings. */
  readonly name: string;
  readonly parseFlags: () => Flags;
  readonly measure: (flags: Flags, progress: Progress) => Promise<Report>;
  readonly renderText: (report: Report) => string;
  readonly renderPage: (report: Report) => string;
}

/** Runs a bench; an error ends it with its message and an exit status. */
export async function runReportBench<Flags extends CommonFlags, Report>(
  bench: ReportBench<Flags, Report>,
): Promise<void> {
  try {
    const flags = bench.parseFlags();
    const report = await measured(bench, flags);
    const json = `${JSON.stringify(report, null, 2)}\n`;
    process.stdout.write(flags.json ? json : `${bench.renderText(report)}\n`);
    await writeResult(`${bench.name}.json`, json);
    await writeResult(`${bench.name}.html`, bench.renderPage(report));
    process.stderr.write(`In ${RESULTS_FOLDER}: ${bench.name}.json, ${bench.name}.html\n`);
  } catch (error) {
    reportError(error);
  }
}

async function measured<Flags extends CommonFlags, Report>(
  { measure }: ReportBench<Flags, Report>,
  flags: Flags,
): Promise<Report> {
  const progress = new Progress();
  try {
    await ensureResultsFolder();
    return await measure(flags, progress);
  } finally {
    progress.stop();
  }
}
