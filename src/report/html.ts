import { escape as escapeHtml } from 'html-escaper';

/** HTML that can be inserted into a page without escaping. */
export class Html {
  constructor(readonly text: string) {}
}

export type HtmlValue = Html | string | number | readonly Html[];

/** A template tag that escapes its values unless they are Html. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = values.map((value, i) => render(value) + strings[i + 1]);
  return new Html([strings[0], ...parts].join(''));
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escapeHtml(String(value));
}
