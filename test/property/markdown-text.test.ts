import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import type { Nodes } from "mdast";
import { format } from "prettier";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import {
  codeSpan,
  linkTarget,
  markdownLink,
  markdownText,
  plainLine,
  proseText,
} from "../../src/base/markdown-text.ts";

const parser = unified().use(remarkParse).use(remarkFrontmatter).use(remarkGfm);

/** Pieces of Markdown, HTML and terminals that a log could hold. */
const TRAPS = [
  [
    "# ",
    "- ",
    "1. ",
    "12) ",
    "> ",
    "---",
    "***",
    "===",
    "```",
    "`",
    "``",
    "~~",
    "[",
    "](",
    ")",
    "![",
  ],
  [
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "&amp;",
    "&",
    "\\",
    "\\\\",
    "_",
    "__",
    "*",
    "**",
    "|",
    "<",
    "$",
    ":",
  ],
  [
    "http://a.b/c_d_",
    "www.a.b",
    "a@b.cd",
    "<http://x.y>",
    "run: x",
    "**done** `k7f3`",
    "mailto:a@b.cd",
  ],
  [
    "\n",
    "\r\n",
    "\n\n",
    "\t",
    "    ",
    "[x]: y",
    "[^1]",
    "- [x] ",
    "\u{1B}[31m",
    "\u{0}",
    "\u{2028}",
  ],
  ["\u{202E}", "é", "漢", "🙂", "\u{D800}", " ", "a", "1", "{{ x }}", "!", "+", "="],
].flat();

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ unit: "binary", maxLength: 4 })), {
    maxLength: 14,
  })
  .map((parts) => parts.join(""));

function flatText(node: Nodes): string {
  if ("value" in node) return node.value;
  return "children" in node ? node.children.map(flatText).join("") : "";
}

const bare = (value: string): string => value.replaceAll(/[`\s]/g, "");

function kinds(node: Nodes): readonly string[] {
  return [node.type, ...("children" in node ? node.children.flatMap(kinds) : [])];
}

test("any text comes back from Markdown exactly, in one paragraph and without markup", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const plain = plainLine(text);
      fc.pre(plain !== "");
      const tree = parser.parse(markdownText(text));
      assert.deepEqual(
        tree.children.map((child) => child.type),
        ["paragraph"],
      );
      assert.equal(flatText(tree), plain);
      // A bare address may become a link to itself; nothing else may come of a text.
      for (const kind of kinds(tree)) {
        assert.ok(["root", "paragraph", "text", "link"].includes(kind), kind);
      }
    }),
    { numRuns: 1500 },
  );
});

test("prose keeps its code spans and is otherwise as safe as text", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const tree = parser.parse(`x ${proseText(text)} y`);
      assert.equal(tree.children.length, 1);
      for (const kind of kinds(tree)) {
        assert.ok(["root", "paragraph", "text", "link", "inlineCode"].includes(kind), kind);
      }
      assert.equal(bare(flatText(tree)), bare(`x${plainLine(text)}y`));
    }),
    { numRuns: 800 },
  );
  assert.equal(proseText("write `timeout=10m` to *go* on"), "write `timeout=10m` to \\*go\\* on");
});

test("a code span holds any text", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const plain = plainLine(text);
      fc.pre(plain !== "");
      const tree = parser.parse(`x ${codeSpan(text)}`);
      assert.deepEqual(kinds(tree), ["root", "paragraph", "text", "inlineCode"]);
      assert.equal(flatText(tree), `x ${plain}`);
    }),
    { numRuns: 800 },
  );
});

test("a link reaches a file of any name, and shows any label", () => {
  const name = fc
    .string({ unit: "binary", minLength: 1, maxLength: 8 })
    .map((text) => text.toWellFormed().replaceAll("/", "_"));
  fc.assert(
    fc.property(name, hostile, (file, label) => {
      fc.pre(plainLine(label) !== "");
      const tree = parser.parse(`x ${markdownLink(label, `runs/${file}`)}`);
      const link =
        tree.children[0]?.type === "paragraph" ? tree.children[0].children[1] : undefined;
      assert.equal(link?.type, "link");
      if (link?.type !== "link") return;
      assert.equal(decodeURIComponent(link.url), `runs/${file}`);
      assert.equal(flatText(link), plainLine(label));
    }),
    { numRuns: 800 },
  );
  assert.equal(linkTarget("runs/a b/(c)'$.log"), "runs/a%20b/%28c%29%27%24.log");
});

test("prettier leaves text, code and links as they are", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const plain = plainLine(text);
      fc.pre(plain !== "");
      const quote = `> **done** ${codeSpan(text)} · ${markdownText(text)} ${markdownLink(text, text)}\n`;
      const formatted = await format(quote, {
        parser: "markdown",
        proseWrap: "preserve",
      });
      assert.equal(formatted, quote);
    }),
    { numRuns: 300 },
  );
});

test("text of a log keeps its plain look where nothing is at stake", () => {
  const plain = "ValueError: val_loss is 5 (expected <= 3), at C: step 412; a.b-c/d 50%";
  assert.equal(markdownText(plain), plain);
});
