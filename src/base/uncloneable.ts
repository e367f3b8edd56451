/**
 * The value of a field that keeps an object from being copied by structuredClone or postMessage,
 * which would silently drop its private fields and its methods: a symbol cannot be cloned, and the
 * DataCloneError shows this one. A field without meaning otherwise.
 */
export const UNCLONEABLE: unique symbol = Symbol(
  'an object of Lethe, which holds native memory or an open file: save it and send its path, or send its values,',
);
