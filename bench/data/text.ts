import { type BenchSet, fillRows, generated, inParts, type LabelledRows } from './bench-set.js';
import { Draws, weighted } from './draws.js';

interface Corpus {
  readonly rows: number;
  readonly words: number;
  readonly topics: number;
  /** The mean number of words of a text. */
  readonly length: number;
  /** The spread of the logarithm of the length. */
  readonly spread: number;
  /** The share of the words that depend on the topic. */
  readonly topical: number;
}

/** Counts of words, whose frequencies follow Zipf's law; each topic has some words of its own. */
function wordCounts(draws: Draws, corpus: Corpus): LabelledRows {
  const { rows, words, topics, length, spread, topical } = corpus;
  const everyone = weighted(draws, zipf(words));
  const own = Array.from({ length: topics }, () => {
    const places = draws.distinct(60, words);
    const word = weighted(draws, zipf(places.length));
    return () => places[word()]!;
  });
  return fillRows({ rows, columns: words, classes: topics, bytes: true }, (row) => {
    const topic = draws.below(topics);
    const count = Math.max(3, Math.round(length * Math.exp(spread * draws.normal())));
    for (let i = 0; i < count; i++) {
      const word = draws.chance(topical) ? own[topic]!() : everyone();
      row[word] = Math.min(255, row[word]! + 1);
    }
    return topic;
  });
}

/** The word of rank r is drawn with a probability in proportion to 1 / (r + 2). */
function zipf(words: number): Float64Array {
  return Float64Array.from({ length: words }, (_, rank) => 1 / (rank + 3));
}

const bagOfWords = ofCorpus('word-counts', [256], {
  ...{ rows: 25_000, words: 2000, topics: 20, length: 70, spread: 0.7, topical: 0.1 },
});

const shortTexts = ofCorpus('short-texts', [128], {
  ...{ rows: 24_000, words: 1500, topics: 12, length: 5, spread: 0, topical: 0.5 },
});

function ofCorpus(name: string, hidden: readonly number[], corpus: Corpus): BenchSet {
  const make = async () => inParts(name, wordCounts(new Draws(name), corpus));
  return { name, kind: 'text', hidden, make };
}

const TF_IDF = 'tf-idf';
const tfIdf: BenchSet = {
  ...{ name: TF_IDF, kind: 'text', hidden: [256] },
  make: async () => {
    const corpus = { rows: 15_000, words: 2000, topics: 20, length: 90, spread: 0.7, topical: 0.1 };
    return inParts(TF_IDF, weighTerms(wordCounts(new Draws(TF_IDF), corpus)));
  },
};

/** tf-idf with log(1 + count), every row of length 1. */
function weighTerms(counts: LabelledRows): LabelledRows {
  const { columns, labels } = counts;
  const rows = labels.length;
  const texts = new Uint32Array(columns);
  for (let at = 0; at < counts.features.length; at += columns) {
    for (let word = 0; word < columns; word++) {
      if (counts.features[at + word]! > 0) texts[word]!++;
    }
  }
  const rarity = Float64Array.from(texts, (count) => Math.log((1 + rows) / (1 + count)));
  const features = new Float32Array(counts.features.length);
  for (let row = 0; row < rows; row++) {
    const own = features.subarray(row * columns, (row + 1) * columns);
    let squares = 0;
    for (let word = 0; word < columns; word++) {
      const count = counts.features[row * columns + word]!;
      if (count === 0) continue;
      own[word] = Math.log(1 + count) * rarity[word]!;
      squares += own[word]! * own[word]!;
    }
    const length = Math.sqrt(squares);
    for (let word = 0; length > 0 && word < columns; word++) own[word]! /= length;
  }
  return { ...counts, features };
}

const LETTERS = 27;

/** Pairs of letters in lines of eight made-up languages, a step of a Markov chain each. */
const languages = generated(
  {
    ...{ name: 'letter-pairs', kind: 'text', hidden: [128] },
    ...{ rows: 20_000, columns: LETTERS * LETTERS, classes: 8, bytes: true },
  },
  (draws) => {
    const frequency = draws.normals(LETTERS, 1);
    const next = Array.from({ length: 8 }, () =>
      Array.from({ length: LETTERS }, () =>
        weighted(
          draws,
          frequency.map((base) => Math.exp(base + 0.45 * draws.normal())),
        ),
      ),
    );
    return (row) => {
      const language = draws.below(8);
      let letter = 0;
      for (let i = 0; i < 60; i++) {
        const following = next[language]![letter]!();
        row[LETTERS * letter + following]!++;
        letter = following;
      }
      return language;
    };
  },
);

export const TEXT: readonly BenchSet[] = [bagOfWords, tfIdf, shortTexts, languages];
