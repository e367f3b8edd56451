/**
 * The package's folder. This file lies one level below it, compiled (dist) and bundled (lib): others
 * need not know where they do.
 */
export const PACKAGE_ROOT = new URL('..', import.meta.url);
