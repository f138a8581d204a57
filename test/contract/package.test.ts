// What a stranger gets with `npm pack`: every link of its pages leads somewhere in it, and it says
// which release it is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { visit } from "unist-util-visit";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "nightlab-package-"));
after(() => rmSync(root, { recursive: true, force: true }));

// Without the build: no page leads into dist/.
const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", root];
const said = execFileSync("npm", pack, { cwd: CHECKOUT, encoding: "utf8" });
const [{ filename }] = JSON.parse(said) as [{ readonly filename: string }];
execFileSync("tar", ["xzf", join(root, filename), "-C", root]);
const packed = join(root, "package");

const markdown = unified().use(remarkParse).use(remarkGfm).freeze();

interface Page {
  readonly links: readonly string[];
  /** The anchors of its headings, as GitHub and npm make them. */
  readonly anchors: ReadonlySet<string>;
}

function pageOf(text: string): Page {
  const links: string[] = [];
  const anchors = new Set<string>();
  visit(markdown.parse(text), (node) => {
    if (node.type === "link" || node.type === "image" || node.type === "definition") {
      links.push(node.url);
    }
    if (node.type !== "heading") return;
    let heading = "";
    visit(node, (part) => {
      if (part.type === "text" || part.type === "inlineCode") heading += part.value;
    });
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let [free, count] = [anchor, 0];
    while (anchors.has(free)) free = `${anchor}-${(count += 1)}`;
    anchors.add(free);
  });
  return { links, anchors };
}

/** The links of a page, given by its path in the folder, that lead nowhere in that folder. */
function deadLinks(folder: string, path: string): readonly string[] {
  const { links, anchors } = pageOf(readFileSync(join(folder, path), "utf8"));
  return links.filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [file = "", anchor] = link.split("#", 2).map((part) => decodeURIComponent(part));
    const target = normalize(join(dirname(path), file));
    if (file !== "" && (target.startsWith("..") || !existsSync(join(folder, target)))) return true;
    if (anchor === undefined) return false;
    if (file === "") return !anchors.has(anchor);
    if (statSync(join(folder, target)).isDirectory()) return true;
    return !pageOf(readFileSync(join(folder, target), "utf8")).anchors.has(anchor);
  });
}

test("no page of the package has a dead link", () => {
  const pages = globSync("{*,docs/*}.md", { cwd: packed }).toSorted();
  for (const page of ["README.md", "CHANGELOG.md", "SECURITY.md", "docs/journal.md"]) {
    assert.ok(pages.includes(page), `${page} is not in the package`);
  }
  const dead = pages.flatMap((page) => deadLinks(packed, page).map((link) => `${page}: ${link}`));
  assert.deepEqual(dead, []);
});

test("a dead link is seen, to a file, an anchor or out of the package", () => {
  const { links, anchors } = pageOf("## Two `words`, here\n[a](b.md#c) ![d](e.webp) `[f](g)`\n");
  assert.deepEqual([links, [...anchors]], [["b.md#c", "e.webp"], ["two-words-here"]]);
  const bad = ["gone.md", "docs/journal.md#gone", "#gone", "../package.json"];
  const page = "with-dead-links.md";
  writeFileSync(join(packed, page), bad.map((link) => `[bad](${link})\n`).join(""));
  assert.deepEqual(deadLinks(packed, page), bad);
  rmSync(join(packed, page));
});

test("its version is the newest of the changelog, which has a date and a link for each", () => {
  const { version } = JSON.parse(readFileSync(join(packed, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const changelog = readFileSync(join(packed, "CHANGELOG.md"), "utf8");
  const versions = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
  assert.ok(versions[0]?.startsWith(`[${version}] - `), versions[0]);
  for (const heading of versions) {
    const [, number = ""] = /^\[(\d+\.\d+\.\d+)\] - 20\d\d-\d\d-\d\d$/.exec(heading) ?? [];
    assert.ok(changelog.includes(`\n[${number}]: https://`), heading);
  }
});

test("it holds what it needs and the notices, and nothing of the workshop", () => {
  // dist/ is there where it was built; its content is build.test.ts.
  const top = globSync("*", { cwd: packed, exclude: ["dist"] }).toSorted();
  assert.deepEqual(top, [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "THIRD-PARTY-NOTICES",
    "bin",
    "docs",
    "examples",
    "package.json",
    "systemd",
    "templates",
  ]);
  assert.deepEqual(globSync("bin/*", { cwd: packed }), ["bin/nightlab.js"]);
});
