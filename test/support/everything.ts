/** All exports of the package, of all subpaths. */
export * from '#lethe/datasets/index';
export * from '#lethe/engine/index';
export * from '#lethe/formats/index';
export * from '#lethe/index';
export * from '#lethe/jobs/index';
export * from '#lethe/metrics/index';
export * from '#lethe/unlearn/index';
