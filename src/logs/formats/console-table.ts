// Tables printed row by row under a header: YOLO, fastai, skorch, spaCy, Detectron2's results, CSV
// on the console. Which header a row belongs to is left to lines/console-tables.ts.
import { notFinite } from "../../base/not-finite.ts";
import type { LineStep, Spot } from "../lines/metric-line.ts";
import { METRIC_KEY_CHARS } from "../metric-object.ts";
import { counterOf, namesQuality } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";
import type { SeriesStore } from "../series/series-store.ts";

export interface TableColumn {
  readonly key: string;
  readonly counter: { readonly key: LineStep["key"]; readonly rank: number } | undefined;
  /** No metric: a time, a size, or a count of what is processed. */
  readonly passed: boolean;
  /** Looked up with the first value. */
  store: SeriesStore | undefined;
}

export interface TableHeader {
  readonly columns: readonly TableColumn[];
  readonly separator: "|" | "," | "\t" | " ";
  /** The first column names the class that a row is about. Only rows of `all` are read. */
  readonly labelled: boolean;
}

export interface TableRow {
  readonly values: readonly (Spot & {
    readonly column: TableColumn;
    readonly value: number;
  })[];
  readonly step?: { readonly key: LineStep["key"]; readonly value: number };
  readonly epoch?: number;
}

/** A longer line is no row of a table; the bound also keeps the patterns below quick. */
const MAX_CHARS = 600;
const MAX_COLUMNS = 64;
/** How a header's first column begins: checked first, because nearly all lines fail it. */
const BEGINS =
  /^[\s|\u00E2]{0,40}(?:epochs?|ep|e|steps?|global_step|iter(?:ation)?s?|itn?\.?|itr|round|episode|batch|update|#|class(?:es)?|[ab]?ap|train|val)\b/i;
/** Names between tabs, perhaps with a tab at the end: a table that a script writes to a file. */
const TABBED = /^[A-Za-z][^\t\d:=]{0,39}(?:\t[A-Za-z][^\t:=]{0,39})+\t?$/;
const NAME = /^[A-Za-z#][\w .@%:/#()[\]+-]{0,39}$/;
const PASSED =
  /^(?:gpu_?mem|instances|size|targets|labels|img_?size|images|class|time|date|eta|cp|duration)$/i;
/** A progress bar after the last column. */
const BAR = /:[ \t]{1,9}\d{1,3}%.*$/s;

/** The header of a table in a line; undefined if it is none. Takes time linear in its length. */
export function tableHeader(text: string): TableHeader | undefined {
  if (text.length > MAX_CHARS) return undefined;
  if (!BEGINS.test(text) && !(text.includes("\t") && TABBED.test(text))) return undefined;
  const plain = text.replace(BAR, "");
  const separator = separatorOf(plain);
  // Columns of a table of classes are single words, with one space between some of them.
  const wide = /[ \t]{2,}/.test(plain.trim()) && !/^\s{0,40}class\b/i.test(plain);
  const cells = cellsOf(plain, separator, wide);
  if (cells.length < 2 || cells.length > MAX_COLUMNS) return undefined;
  const names = cells.map(({ at, end }) => trueText(plain.slice(at, end)));
  if (!names.every((name) => NAME.test(name) && name.split(" ").length <= 3)) return undefined;
  const spacy = names.includes("#") && names[0] === "E";
  const columns = names.map((name): TableColumn => {
    const counter = spacy && name === "E" ? counterOf("epoch") : counterOfColumn(name);
    const key = name.replace(/^\w+\(|(?<=^[^(]*)\)$/g, "").slice(0, METRIC_KEY_CHARS);
    return { key, counter, passed: PASSED.test(name), store: undefined };
  });
  const quality = names.filter((name) => namesQuality(name)).length;
  const yolo = names.some((name) => /^gpu_mem$/i.test(name));
  const labelled = /^class(?:es)?$/i.test(names[0] ?? "") && quality > 0;
  const counted = columns[0]?.counter !== undefined && (quality > 0 || yolo);
  const results =
    (separator === "|" && quality === names.length) || (separator === "\t" && quality > 1);
  return counted || labelled || results ? { columns, separator, labelled } : undefined;
}

function counterOfColumn(name: string): TableColumn["counter"] {
  return counterOf(/^itn\.?$/i.test(name) ? "iteration" : name);
}

function separatorOf(text: string): TableHeader["separator"] {
  if (text.includes("|")) return "|";
  if (text.includes("\t")) return "\t";
  return text.includes(",") ? "," : " ";
}

/** Cells without padding, and without what is outside of the box where the row has one. */
function cellsOf(text: string, separator: TableHeader["separator"], wide: boolean): Spot[] {
  const cells: Spot[] = [];
  const pattern = separator === " " ? (wide ? WIDE : NARROW) : MARKED[separator];
  const inner = separator === "\t" ? text.replace(/\t$/, "") : text;
  for (const match of inner.matchAll(pattern)) {
    const all = match[0];
    const trimmed = all.trim();
    if (trimmed === "" && separator !== "," && separator !== "\t") continue;
    const at = match.index + all.indexOf(trimmed);
    cells.push({ at, end: at + trimmed.length });
    if (cells.length > MAX_COLUMNS) break;
  }
  return cells;
}

const WIDE = /\S+(?:[ \t]\S+)*/g;
const NARROW = /\S+/g;
const MARKED = { "|": /[^|]+/g, ",": /[^,]+/g, "\t": /[^\t]+/g } as const;

const spot: NumberSpot = { end: 0, value: 0, grouped: false };
const NO_VALUE = /^(?:-{1,3}|none|n\/a|null|[\d.]+[a-z]{1,3}|[\d:.]+|\*|\+)$/i;

/** The row of `header`'s table in a line; undefined if it is none. */
export function tableRow(header: TableHeader, text: string): TableRow | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const { columns, labelled } = header;
  const plain = text.replace(BAR, "");
  const cells = cellsOf(plain, header.separator, false);
  if (cells.length !== columns.length) return undefined;
  const bytes = Buffer.from(plain, "latin1");
  const values: (Spot & { column: TableColumn; value: number })[] = [];
  let step: TableRow["step"];
  let rank = Number.POSITIVE_INFINITY;
  let epoch: number | undefined;
  for (let i = 0; i < cells.length; i += 1) {
    const [column, cell] = [columns[i], cells[i]];
    if (column === undefined || cell === undefined) return undefined;
    const token = plain.slice(cell.at, cell.end);
    if (labelled && i === 0) {
      if (token !== "all") return undefined;
      continue;
    }
    const { counter } = column;
    if (counter !== undefined) {
      const count = /^(\d{1,12})(?:\/\d{1,12})?$/.exec(token);
      if (count === null) return undefined;
      const value = Number(count[1]);
      if (counter.key === "epoch") epoch = value;
      if (counter.rank >= rank) continue;
      rank = counter.rank;
      step = { key: counter.key, value };
      continue;
    }
    // `50.80%`: the token is the number without its mark.
    const end = token.endsWith("%") ? cell.end - 1 : cell.end;
    const whole = scanNumber(bytes, cell.at, end, true, spot) && spot.end === end;
    const value = whole ? spot.value : notFinite(token);
    if (value === undefined && !column.passed && !NO_VALUE.test(token)) return undefined;
    if (value !== undefined && !column.passed) values.push({ at: cell.at, end, column, value });
  }
  if (values.length === 0) return undefined;
  return {
    values,
    ...(step === undefined ? {} : { step }),
    ...(epoch === undefined ? {} : { epoch }),
  };
}
