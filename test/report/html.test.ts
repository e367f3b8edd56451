import { describe, expect, it } from 'vitest';
import { html } from '#lethe/report/html';
import { page } from '#lethe/report/page';

describe('html', () => {
  it('escapes its values', () => {
    expect(html`<b title="${'"'}">${'<script>&'}</b>${7}`.text).toBe(
      '<b title="&quot;">&lt;script&gt;&amp;</b>7',
    );
  });

  it('inserts parts that are Html unchanged', () => {
    const parts = ['a', '<'].map((text) => html`<i>${text}</i>`);
    expect(html`<p>${parts}${html`<br>`}</p>`.text).toBe('<p><i>a</i><i>&lt;</i><br></p>');
  });

  it('escapes the title of a page', () => {
    expect(page('a < b', html`<h1>body</h1>`)).toContain('<title>a &lt; b</title>');
  });
});
