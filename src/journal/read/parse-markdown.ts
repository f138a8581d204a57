// Parses Markdown with GFM and frontmatter into a syntax tree of blocks, with remark.
// The tree is only read; nothing is ever printed back from it.
import type { Nodes, Root } from "mdast";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import type { Processor } from "unified";
import { visit } from "unist-util-visit";

/** A longer heading is shown as written: parsing inline markup takes quadratic time. */
const TITLE_CHARS = 1_000;

/**
 * Inline constructs: emphasis, links, code, HTML. Commands are read from the source, so these are
 * not needed, and they make parsing quadratic (`*_[` 40,000 times took 86 s).
 */
const INSIDE_LINES = [
  "attention",
  "autolink",
  "characterEscape",
  "characterReference",
  "codeText",
  "emailAutolink",
  "gfmFootnoteCall",
  "gfmPotentialFootnoteCall",
  "hardBreakEscape",
  "htmlText",
  "labelEnd",
  "labelStartImage",
  "labelStartLink",
  "protocolAutolink",
  "strikethrough",
  "wwwAutolink",
];

const blocks = unified().use(remarkParse).use(remarkGfm).use(blocksOnly).freeze();
const head = unified()
  .use(remarkParse)
  .use(remarkFrontmatter, ["yaml"])
  .use(remarkGfm)
  .use(blocksOnly)
  .freeze();
const whole = unified().use(remarkParse).use(remarkGfm).freeze();

/** The blocks of a text; inline markup is left as text. */
export function parseBlocks(text: string): Root {
  return blocks.parse(text);
}

/** The blocks at the beginning of a text, where there may be frontmatter. */
export function parseHead(text: string): Root {
  return head.parse(text);
}

/** Without one of these characters a line is plain text. */
const MARKS = /[\\`*_[\]<&~@]|www\.|:\/\//;

/** The text of a heading as a reader sees it, without markup; a very long one as written. */
export function plainText(markdown: string): string {
  const parts: string[] = [];
  const add = (node: Nodes): void => {
    if (node.type === "text" || node.type === "inlineCode") parts.push(node.value);
    else if (node.type === "image") parts.push(node.alt ?? "");
    else if (node.type === "break") parts.push(" ");
  };
  if (markdown.length > TITLE_CHARS || !MARKS.test(markdown)) parts.push(markdown);
  else visit(whole.parse(`# ${markdown.replaceAll(/[\r\n]+/g, " ")}`), add);
  return parts.join("").replaceAll(/\s+/g, " ").trim();
}

/** A remark plugin that switches off inline constructs and the search for bare links. */
function blocksOnly(this: Processor): void {
  const data = this.data();
  data.micromarkExtensions = [
    ...(data.micromarkExtensions ?? []),
    { disable: { null: INSIDE_LINES } },
  ];
  const extensions = (data.fromMarkdownExtensions ?? []).flat();
  data.fromMarkdownExtensions = extensions.filter(({ transforms }) => transforms === undefined);
}
