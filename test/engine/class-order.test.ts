import { describe, expect, it } from 'vitest';
import {
  categoriesInOrder,
  NamePlaces,
  namesInOrder,
  wholeNumber,
} from '#lethe/engine/class-order';

describe('names of classes', () => {
  it('that are all numbers are in order of value, and one by its shortest spelling', () => {
    expect(namesInOrder(['10', '2.0', '-1', '2', '1e1', '.5'])).toEqual(['-1', '.5', '2', '10']);
    expect(namesInOrder(['9.0', '10.0'])).toEqual(['9.0', '10.0']);
  });

  it('that are not all numbers are in order of code units, as they are', () => {
    expect(namesInOrder(['b', '2.0', '2', 'B', '10'])).toEqual(['10', '2', '2.0', 'B', 'b']);
  });

  it('are found by their texts, and by their value if all are numbers', () => {
    const numbers = new NamePlaces(['2', '10']);
    expect(['2', '2.0', '1e1', ' 10 ', '3', 'x'].map((text) => numbers.find(text))).toEqual([
      ...[0, 0, 1, 1, undefined, undefined],
    ]);
    const texts = new NamePlaces(['2', 'x']);
    expect(['2', '2.0', 'x'].map((text) => texts.find(text))).toEqual([0, undefined, 1]);
    // Two names of one value are found by their texts alone.
    expect(new NamePlaces(['2', '2.0']).find('2.00')).toBeUndefined();
  });
});

describe('names of categories', () => {
  it('that are whole numbers are called as such if all are numbers', () => {
    expect(categoriesInOrder(['10.0', '2.0', '-0.0', '2.5'])).toEqual(['0', '2', '2.5', '10']);
    expect(categoriesInOrder(['2.0', 'x'])).toEqual(['2.0', 'x']);
    expect(categoriesInOrder(['007', '01'])).toEqual(['01', '007']);
  });
});

it.each([
  ['17', '17'],
  ['17.0', '17'],
  ['-3.00', '-3'],
  ['-0', '0'],
  ['9007199254740993.0', '9007199254740993'],
  ['007', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['', undefined],
])('the whole number %j is %j', (text, expected) => {
  expect(wholeNumber(text)).toBe(expected);
});
