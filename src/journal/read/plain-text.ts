// The text of a heading as a reader sees it. It is the only place where remark sees a journal: the
// blocks come from block-scan.ts, and commands are read as they are written.
import type { Nodes } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { visit } from "unist-util-visit";

/** A longer heading is shown as written: parsing inline markup takes quadratic time. */
const TITLE_CHARS = 200;

const remark = unified().use(remarkParse).use(remarkGfm).freeze();

/** Without one of these characters a line is plain text. */
const MARKS = /[\\`*_[\]<&~@]|www\.|:\/\//;

/** A heading's text without markup, on one line; a very long one as written. */
export function plainText(markdown: string): string {
  const parts: string[] = [];
  const add = (node: Nodes): void => {
    if (node.type === "text" || node.type === "inlineCode") parts.push(node.value);
    else if (node.type === "image") parts.push(node.alt ?? "");
    else if (node.type === "break") parts.push(" ");
  };
  if (markdown.length > TITLE_CHARS || !MARKS.test(markdown)) parts.push(markdown);
  else visit(remark.parse(`# ${markdown.replaceAll(/[\r\n]+/g, " ")}`), add);
  return parts.join("").replaceAll(/\s+/g, " ").trim();
}
