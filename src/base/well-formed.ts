/** Half a pair: with the flag u, whole pairs count as the character that they are. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether the text can be stored in UTF-8 without loss. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
