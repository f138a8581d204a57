import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableText, visibleText } from "../../../src/base/visible-text.ts";
import { code, link, plain, quotation, table } from "../../../src/base/markdown.ts";
import {
  codeSpan,
  markdownLink,
  markdownText,
  proseText,
} from "../../../src/base/markdown-text.ts";

/** One of each kind that is obeyed: NUL, bell, escape, delete, C1, separators, directions. */
const KINDS = "\0 \u0007 \u001B \u007F \u009B \u2028 \u2029 \u202A \u202E \u2066 \u2069".split(" ");
const OBEYED = /(?![\n\t])\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;
const HOSTILE = `val${KINDS.join("x")}loss\r\u{D800}`;

test("no element of a page lets through what a viewer obeys", () => {
  const made = [
    visibleText(HOSTILE),
    plain(HOSTILE),
    code(HOSTILE),
    link(plain(HOSTILE), HOSTILE),
    quotation(`a\n${HOSTILE}`),
    table([HOSTILE, "b"], [[HOSTILE, "1"]]),
    codeSpan(HOSTILE),
    markdownLink(HOSTILE, HOSTILE),
    markdownText(HOSTILE),
    proseText(`a \`${HOSTILE}\``),
  ];
  for (const text of made) {
    assert.doesNotMatch(text, OBEYED);
    assert.ok(text.isWellFormed());
  }
});

test("lines and tabs of a page stay, and so does every other letter", () => {
  const text = "a\n\tb é 漢 \u200Dמ\u200F 🙂";
  assert.equal(visibleText(text), text);
  assert.equal(printableText(text), text);
  assert.equal(visibleText("a\u001Bb"), "a\u{FFFD}b");
});

test("a terminal gets them written out, and JSON stays JSON", () => {
  assert.equal(printable("a\u001B[2J\u202Eb\n"), String.raw`a\x1b[2J\u202eb\x0a`);
  assert.equal(printableText("a\r\nb\rc\u001B"), String.raw`a` + "\r\n" + String.raw`b\x0dc\x1b`);
  const value = { name: KINDS.join("") };
  const text = printableText(JSON.stringify(value, undefined, 2));
  assert.doesNotMatch(text, OBEYED);
  assert.deepEqual(JSON.parse(text), value);
});
