// The HTML document of an exported page: one file without dependencies, readable in light and dark
// mode, on a phone and on paper. Its content is export-tree.ts.
import rehypeStringify from "rehype-stringify";
import { unified } from "unified";
import type { ExportTree } from "./export-tree.ts";

const html = unified().use(rehypeStringify).freeze();

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d7dce1; --paper: #fff;
  --shade: #f5f7f9; --link: #0a58b5; --bad: #a3261b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7eb; --soft: #9aa4af; --line: #3a424b;
  --paper: #14181c; --shade: #1e242a; --link: #78b4ff; --bad: #ff9389; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 54rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
  overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.25; margin: 2.2em 0 .6em; }
h1 { font-size: 1.9rem; margin-top: 0; }
h2 { font-size: 1.35rem; padding-bottom: .25em; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.08rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .15em; }
a.cite { font-size: .8em; text-decoration: none; color: var(--soft); white-space: nowrap; }
a.cite:hover, a.cite:focus { color: var(--link); text-decoration: underline; }
code { font: .88em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--shade); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: var(--shade); padding: .8em 1em; overflow-x: auto; border-radius: 5px; }
pre code { padding: 0; background: none; overflow-wrap: normal; }
blockquote { margin: 1em 0; padding: .1em 1em; border-left: 3px solid var(--line); color: var(--soft); }
.wide { overflow-x: auto; margin: 1em 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35em .7em; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { border-bottom-width: 2px; font-weight: 600; }
td code { white-space: nowrap; }
figure { margin: 1.6em 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .4em; }
.wrong { color: var(--bad); }
.sources { font-size: .85rem; }
.sources p { margin: .55em 0; padding-left: 2.4em; text-indent: -2.4em; }
.sources p > * { text-indent: 0; }
.sources p:target { background: var(--shade); outline: .3em solid var(--shade); }
.sources :target { font-weight: 700; color: var(--link); }
.sources code { color: var(--soft); background: none; padding: 0; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .wide { overflow: visible; }
  h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; } }
`;

export interface ExportAbout {
  /** Name and version of the program: `nightlab 0.1.0`. */
  readonly generator: string;
}

/** The whole document with its style, as text that ends with a line end. */
export function exportDocument(tree: ExportTree, about: ExportAbout): string {
  const body = html.stringify(tree.root);
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta name="generator" content="${escaped(about.generator)}">`,
    `<title>${escaped(tree.title)}</title>`,
    `<style>${STYLE}</style>`,
  ];
  return `<!doctype html>\n<html lang="en">\n<head>\n${head.join("\n")}\n</head>\n<body>\n<main>\n${body}\n</main>\n</body>\n</html>\n`;
}

/** A document without a style, for a converter to other formats. */
export function exportBody(tree: ExportTree): string {
  const title = `<title>${escaped(tree.title)}</title>`;
  return `<!doctype html>\n<html><head><meta charset="utf-8">${title}</head><body>\n${html.stringify(tree.root)}\n</body></html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
