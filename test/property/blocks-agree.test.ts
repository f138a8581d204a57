// The leaf blocks that the scanner finds are those of remark: on made-up journals, and on READMEs.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ListItem, Nodes, Parent } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { SKIP, visit } from "unist-util-visit";
import * as fc from "../properties.ts";
import { LEAF_CHARS } from "../../src/journal/read/block-scan.ts";
import { leafBlocks } from "../../src/journal/read/leaf-blocks.ts";
import { atOnce } from "../../src/journal/read/read.ts";
import { paragraphText, writtenHeading } from "../../src/journal/read/read-block.ts";
import { linesOf } from "../../src/base/text-lines.ts";
import { journalText, withoutDisputed } from "./journal-text.ts";

const remark = unified().use(remarkParse).use(remarkGfm).freeze();

const folder = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const READMES = globSync("**/*.md", { cwd: folder })
  .toSorted()
  .map((name) => readFileSync(folder + name, "utf8"))
  .filter((text) => text.length < 60_000 && !hasLongLeaf(text));

/** What is too long to be a command is not looked into. */
function hasLongLeaf(text: string): boolean {
  return atOnce(leafBlocks(linesOf(text))).leaves.some(
    ({ start, end }) => end - start > LEAF_CHARS,
  );
}

/** White space at the ends of lines means nothing. */
const flat = (text: string): string =>
  text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .join("\n")
    .trim();

/** Paragraphs, code and top-level headings outside quotes, as remark has them. */
function byRemark(text: string): readonly string[] {
  const found: string[] = [];
  visit(remark.parse(text), (node: Nodes, _index, parent: Parent | undefined) => {
    if (node.type === "root" || node.type === "list" || node.type === "listItem") return undefined;
    const [start, end] = [node.position?.start.offset ?? 0, node.position?.end.offset];
    const own = flat(text.slice(start, end));
    const first = parent?.children[0] === node;
    const item = parent?.type === "listItem" ? (parent as ListItem) : undefined;
    const box = node.type === "paragraph" && first ? (item?.checked ?? undefined) : undefined;
    const at = item === undefined ? "" : ` in ${item.position?.start.offset}`;
    if (node.type === "paragraph" && own !== "") {
      const words = box === undefined ? own : own.replace(/^\[[ \txX]\]\s/, "");
      found.push(`paragraph${at} ${box} ${flat(words)}`);
    }
    if (node.type === "code" && own !== "") {
      const head = /[`~]/.test(text.charAt(start)) ? `fence${at} ` : `indented${at} `;
      found.push(head + own);
    }
    if (node.type === "heading" && parent?.type === "root") {
      const [from, to] = [node.children[0], node.children.at(-1)].map((child) => child?.position);
      const title = flat(text.slice(from?.start.offset ?? 0, to?.end.offset ?? 0));
      found.push(`heading ${node.depth} ${title}`);
    }
    return SKIP;
  });
  return found;
}

/** The lines of neighbouring indented code as one: remark parts it where tabs meet spaces. */
function joined(found: readonly string[]): readonly string[] {
  const all: string[] = [];
  for (const one of found) {
    const head = /^indented(?: in \d+)? /.exec(one)?.[0];
    const lines = one.replaceAll(/\n+/g, "\n");
    const parted = head !== undefined && all.at(-1)?.startsWith(head) === true;
    if (parted) all.push(`${all.pop()}\n${lines.slice(head.length)}`);
    else all.push(head === undefined ? one : lines);
  }
  return all;
}

function byScanner(text: string): readonly string[] {
  const lines = linesOf(text);
  return atOnce(leafBlocks(lines)).leaves.flatMap((leaf) => {
    const at = leaf.item === undefined ? "" : ` in ${leaf.item.start}`;
    const own = flat(text.slice(leaf.start, leaf.end));
    switch (leaf.kind) {
      case "paragraph": {
        const { start, end, ticked } = paragraphText(lines, leaf);
        const words = flat(text.slice(start, end));
        return words === "" ? [] : [`paragraph${at} ${ticked} ${words}`];
      }
      case "fence":
      case "indented":
        return [`${leaf.kind}${at} ${own}`];
      case "heading":
      case "underlined": {
        const heading = writtenHeading(lines, leaf);
        return heading === undefined ? [] : [`heading ${heading.depth} ${flat(heading.source)}`];
      }
      case "comment":
      case "table":
      case "deep":
        return [];
    }
  });
}

test("on any text, the scanner finds the blocks that remark finds", () => {
  fc.assert(
    fc.property(journalText, (written) => {
      const text = withoutDisputed(written.replace(/^\uFEFF/, ""));
      assert.deepEqual(joined(byScanner(text)), joined(byRemark(text)));
    }),
    { numRuns: 3_000 },
  );
});

test("on real READMEs and changelogs too", () => {
  assert.ok(READMES.length > 100);
  for (const text of READMES) assert.deepEqual(joined(byScanner(text)), joined(byRemark(text)));
});
