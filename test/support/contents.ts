import type { Dataset } from '#lethe/engine/dataset';

/** What a reader has read, in the order of the rows. */
export function contentsOf(dataset: Dataset) {
  const { name, rows, columns, classes, labels, classNames, featureNames, subjects } = dataset;
  return {
    data: {
      ...{ name, rows, columns, classes, labels },
      features: dataset.normalized(dataset.allRows()),
    },
    ...{ classNames, featureNames, ids: [...dataset.ids] },
    ownership: subjects.size > 0 ? subjects.ownership() : undefined,
  };
}
