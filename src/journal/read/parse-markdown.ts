// Markdown with GFM and frontmatter as a syntax tree of blocks, through remark.
// What the tree's nodes mean for a journal is read elsewhere; nothing is ever printed back.
import type { Nodes, Root } from "mdast";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import type { Processor } from "unified";
import { visit } from "unist-util-visit";

/** A longer heading is shown as written: marks inside of a line take quadratic time to read. */
const TITLE_CHARS = 1_000;

/**
 * What stands inside a line: emphasis, links, code, HTML. A journal's commands are read from its
 * source, and these are what makes parsing quadratic (`*_[` 40,000 times took 86 s).
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

/** The blocks of a text; what stands inside their lines stays one piece of text. */
export function parseBlocks(text: string): Root {
  return blocks.parse(text);
}

/** The blocks of a text's beginning, where frontmatter may stand. */
export function parseHead(text: string): Root {
  return head.parse(text);
}

/** Without one of these, a line has nothing but text in it. */
const MARKS = /[\\`*_[\]<&~@]|www\.|:\/\//;

/** The text of a heading as a reader sees it, without marks; a very long one as written. */
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

/** A remark plugin that switches off what stands inside lines, and the search for bare links. */
function blocksOnly(this: Processor): void {
  const data = this.data();
  data.micromarkExtensions = [
    ...(data.micromarkExtensions ?? []),
    { disable: { null: INSIDE_LINES } },
  ];
  const extensions = (data.fromMarkdownExtensions ?? []).flat();
  data.fromMarkdownExtensions = extensions.filter(({ transforms }) => transforms === undefined);
}
