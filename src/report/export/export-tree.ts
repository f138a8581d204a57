// Turns a finished page into an HTML tree for export: citations link to their sources, each source
// shows its log line, links and pictures are adapted to the new location. The document around it is
// export-html.ts; reading and writing files is effects/pages/export-page.ts.
import type { Element, ElementContent, Nodes, Root, RootContent, Text } from "hast";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { pageSources, sourceTrouble, type PageSource } from "../audit/page-sources.ts";
import { readPage } from "../audit/page-units.ts";
import { lineExcerpt } from "../audit/page-sources.ts";
import { softBreaks, withColumnWidths } from "./export-print.ts";

/** For a browser, or for a converter that typesets pages. */
export type ExportMedium = "screen" | "print";

/** What an export needs to know of the files around the page. */
export interface ExportAround {
  readonly medium: ExportMedium;
  /** The text of a log line as it is now, by the log's path from the page. */
  readonly lineOf: (path: string, line: number) => string | undefined;
  /** The new target of a link of the page; undefined: the link becomes plain text. */
  readonly hrefOf: (target: string) => string | undefined;
  /** The new `src` of a picture of the page; undefined: the picture is missing. */
  readonly imageOf: (target: string) => string | undefined;
}

export interface ExportTree {
  readonly title: string;
  readonly root: Root;
}

const markdown = unified()
  .use(remarkParse)
  .use(remarkFrontmatter, ["yaml"])
  .use(remarkGfm)
  .use(remarkRehype)
  .freeze();

/** The paths of all pictures on a page, as written, each once. */
export function picturesOf(page: string): readonly string[] {
  const found = new Set<string>();
  const visit = (node: Nodes): void => {
    if (node.type === "element" && node.tagName === "img") found.add(attribute(node, "src"));
    if ("children" in node) for (const child of node.children) visit(child);
  };
  visit(treeOf(page));
  return [...found];
}

/** The page as an HTML tree. Raw HTML on the page is left out, because it could run as code. */
export function exportTree(page: string, around: ExportAround): ExportTree {
  const sources = pageSources(readPage(page).units);
  const walk: Walk = { around, sources, slugs: new Map(), title: undefined };
  const children = treeOf(page).children.flatMap((node) => blockOf(node, walk));
  return { title: walk.title ?? "Report", root: { type: "root", children } };
}

interface Walk {
  readonly around: ExportAround;
  readonly sources: ReadonlyMap<string, PageSource>;
  /** How often each heading's id was used. */
  readonly slugs: Map<string, number>;
  title: string | undefined;
}

function treeOf(page: string): Root {
  return markdown.runSync(markdown.parse(page.replace(/^\uFEFF/, "")));
}

function blockOf(node: RootContent, walk: Walk): RootContent[] {
  if (node.type !== "element") return node.type === "text" ? [node] : [];
  if (node.tagName === "p") {
    const list = sourceList(node, walk);
    if (list !== undefined) return [list];
  }
  return inlineOf(node, walk, true);
}

/**
 * A node with its content, adapted for export; `isCited` tells whether `[4]` is a citation in it.
 */
function inlineOf(node: ElementContent, walk: Walk, isCited: boolean): ElementContent[] {
  if (node.type === "text") return isCited ? citedText(node, walk) : [printed(node, walk)];
  if (node.type !== "element") return [];
  const cited = isCited && !["a", "code", "pre"].includes(node.tagName);
  const children = node.children.flatMap((child) => inlineOf(child, walk, cited));
  const same = { ...node, children };
  switch (node.tagName) {
    case "a":
      return linkOf(same, walk);
    case "img":
      return [imageOf(same, walk)];
    case "p":
      return [figureOf(same, walk)];
    case "table":
      return walk.around.medium === "print"
        ? [withColumnWidths(same)]
        : [element("div", { className: ["wide"], tabIndex: 0 }, [same])];
    case "h1":
      // A converter typesets the document's title by itself.
      if (walk.title === undefined) {
        walk.title = textOf(same).trim();
        if (walk.around.medium === "print") return [];
      }
      return [headingOf(same, walk)];
    case "h2":
    case "h3":
    case "h4":
    case "h5":
    case "h6":
      return [headingOf(same, walk)];
    default:
      return [same];
  }
}

/** Text in which `[4]` links to source 4 if there is one. */
function citedText(node: Text, walk: Walk): ElementContent[] {
  return node.value.split(/(\[\d{1,9}\])/).flatMap((part, i): ElementContent[] => {
    const source = i % 2 === 1 ? walk.sources.get(part.slice(1, -1)) : undefined;
    if (source === undefined) {
      return part === "" ? [] : [printed({ type: "text", value: part }, walk)];
    }
    const line = walk.around.lineOf(source.path, source.line);
    const title = `${source.path}, line ${source.line}: ${line === undefined ? "" : lineExcerpt(line, source)}`;
    const href = `#source-${source.number}`;
    return [element("a", { className: ["cite"], href, title }, [{ type: "text", value: part }])];
  });
}

/** The list of sources with a block for each source; undefined for any other paragraph. */
function sourceList(node: Element, walk: Walk): Element | undefined {
  const entries: ElementContent[][] = [[]];
  for (const child of node.children) {
    if (child.type === "element" && child.tagName === "br") entries.push([]);
    else if (child.type !== "text" || child.value.trim() !== "") entries.at(-1)?.push(child);
  }
  const found = entries.map((entry) => {
    const [first] = entry;
    const text = first?.type === "text" ? first.value : "";
    const number = /^\s*\[(\d{1,9})\] /.exec(text)?.[1] ?? "";
    return { entry, number, source: walk.sources.get(number) };
  });
  if (found.some(({ source }) => source === undefined)) return undefined;
  const given = new Set<string>();
  const items = found.flatMap(({ entry, number, source }) => {
    if (source === undefined) return [];
    const rest = entry.flatMap((child, i): ElementContent[] => {
      if (i > 0 || child.type !== "text") return inlineOf(child, walk, false);
      return [{ type: "text", value: child.value.replace(/^\s*\[\d+\]/, "") }];
    });
    const id = given.has(number) ? {} : { id: `source-${number}` };
    given.add(number);
    const label = element("span", id, [{ type: "text", value: `[${number}]` }]);
    return [element("p", {}, [label, ...rest, ...loggedLine(source, walk)])];
  });
  return element("div", { className: ["sources"] }, items);
}

/** The log line as it is now, and what is wrong if it does not hold the cited token. */
function loggedLine(source: PageSource, walk: Walk): ElementContent[] {
  const line = walk.around.lineOf(source.path, source.line);
  const trouble = sourceTrouble(source, line);
  const shown =
    line === undefined
      ? []
      : [
          element("br", {}, []),
          element("code", {}, [printed({ type: "text", value: lineExcerpt(line, source) }, walk)]),
        ];
  if (trouble === undefined) return shown;
  const text: Text = { type: "text", value: `This source does not hold: ${trouble}.` };
  return [...shown, element("br", {}, []), element("strong", { className: ["wrong"] }, [text])];
}

function linkOf(node: Element, walk: Walk): ElementContent[] {
  const target = attribute(node, "href");
  const href = target.startsWith("#") ? target : walk.around.hrefOf(target);
  if (href === undefined) return node.children;
  return [{ ...node, properties: { ...node.properties, href } }];
}

function imageOf(node: Element, walk: Walk): Element {
  const target = attribute(node, "src");
  const src = walk.around.imageOf(target);
  const alt = attribute(node, "alt");
  if (/^https?:/i.test(target)) {
    return element("a", { href: target }, [{ type: "text", value: alt || target }]);
  }
  const width = walk.around.medium === "print" ? { width: "74%" } : {};
  if (src !== undefined) return element("img", { src, alt, ...width }, []);
  const text = `${alt} (the picture ${target} is missing)`.trim();
  return element("em", {}, [{ type: "text", value: text }]);
}

/** A picture with its caption as a figure; in print both stay one paragraph. */
function figureOf(node: Element, walk: Walk): Element {
  const [first] = node.children;
  const isPicture = first?.type === "element" && first.tagName === "img";
  if (!isPicture || walk.around.medium === "print") return node;
  const caption = node.children
    .slice(1)
    .filter((child) => !(child.type === "element" && child.tagName === "br"));
  const hasText = caption.some((child) => child.type !== "text" || child.value.trim() !== "");
  if (!hasText) return element("figure", {}, [first]);
  return element("figure", {}, [first, element("figcaption", {}, caption)]);
}

function headingOf(node: Element, walk: Walk): Element {
  const text = textOf(node).trim();
  const slug =
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\s-]/gu, "")
      .replaceAll(/\s/g, "-") || "section";
  const before = walk.slugs.get(slug) ?? 0;
  walk.slugs.set(slug, before + 1);
  return { ...node, properties: { id: before === 0 ? slug : `${slug}-${before}` } };
}

/** Text in which no line breaks between a number and its `≈` or unit; in print long names break. */
function printed(node: Text, walk: Walk): Text {
  const value = node.value
    .replaceAll(/≈ (?=[-\d])/g, "≈\u00A0")
    .replaceAll(/(?<=\d) (?=(?:%|ms|s|min|h|d)(?![\p{L}\p{N}]))/gu, "\u00A0");
  return { ...node, value: walk.around.medium === "print" ? softBreaks(value) : value };
}

/** The text of a node with all its content. */
function textOf(node: Nodes): string {
  if (node.type === "text") return node.value;
  return "children" in node ? node.children.map(textOf).join("") : "";
}

function element(
  tagName: string,
  properties: Element["properties"],
  children: readonly ElementContent[],
): Element {
  return { type: "element", tagName, properties, children: [...children] };
}

function attribute(node: Element, name: string): string {
  const value = node.properties[name];
  return typeof value === "string" ? value : "";
}
