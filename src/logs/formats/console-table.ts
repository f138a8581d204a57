// Tables that programs print row by row under a header: YOLO, fastai, skorch, spaCy, detectron2's
// results, a CSV on the console. Which header a row belongs to is kept in console-tables.ts.
import type { LineStep, Spot } from "../lines/metric-line.ts";
import { METRIC_KEY_CHARS } from "../metric-object.ts";
import { counterOf, namesQuality } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";
import type { SeriesStore } from "../series/series-store.ts";

export interface TableColumn {
  readonly key: string;
  readonly counter: { readonly key: LineStep["key"]; readonly rank: number } | undefined;
  /** Times, sizes and counts of what is worked on. */
  readonly passed: boolean;
  /** Looked up with the first value. */
  store: SeriesStore | undefined;
}

export interface TableHeader {
  readonly columns: readonly TableColumn[];
  readonly separator: "|" | "," | "\t" | " ";
  /** The first column says what a row is of; only `all` is of everything. */
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

const LONGEST = 600;
const MOST_COLUMNS = 64;
/** The first column of a header, before anything else is asked. */
const BEGINS =
  /^[\s|\u00E2]{0,40}(?:epochs?|ep|e|steps?|global_step|iter(?:ation)?s?|itn?\.?|itr|round|episode|batch|update|#|class(?:es)?|[ab]?ap|train|val)\b/i;
const NAME = /^[A-Za-z#][\w .@%:/#()[\]+-]{0,39}$/;
const PASSED =
  /^(?:gpu_?mem|instances|size|targets|labels|img_?size|images|class|time|date|eta|cp|duration)$/i;
/** A bar behind the last column. */
const BAR = /:[ \t]{1,9}\d{1,3}%.*$/s;

/** The header that a line is; undefined where it is none. Linear. */
export function tableHeader(text: string): TableHeader | undefined {
  if (text.length > LONGEST || !BEGINS.test(text)) return undefined;
  const plain = text.replace(BAR, "");
  const separator = separatorOf(plain);
  const cells = cellsOf(plain, separator, /[ \t]{2,}/.test(plain.trim()));
  if (cells.length < 2 || cells.length > MOST_COLUMNS) return undefined;
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
  const results = separator === "|" && quality === names.length;
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

/** Cells without the space around them; of a boxed row, without what is outside of the box. */
function cellsOf(text: string, separator: TableHeader["separator"], wide: boolean): Spot[] {
  const cells: Spot[] = [];
  const pattern = separator === " " ? (wide ? WIDE : NARROW) : MARKED[separator];
  for (const match of text.matchAll(pattern)) {
    const all = match[0];
    const trimmed = all.trim();
    if (trimmed === "" && separator !== "," && separator !== "\t") continue;
    const at = match.index + all.indexOf(trimmed);
    cells.push({ at, end: at + trimmed.length });
    if (cells.length > MOST_COLUMNS) break;
  }
  return cells;
}

const WIDE = /\S+(?:[ \t]\S+)*/g;
const NARROW = /\S+/g;
const MARKED = { "|": /[^|]+/g, ",": /[^,]+/g, "\t": /[^\t]+/g } as const;

const spot: NumberSpot = { end: 0, value: 0, grouped: false };
const WORDS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);
const NO_VALUE = /^(?:-{1,3}|none|n\/a|null|[\d.]+[a-z]{1,3}|[\d:.]+|\*|\+)$/i;

/** The row of a header's table that a line is; undefined where it is none. */
export function tableRow(header: TableHeader, text: string): TableRow | undefined {
  if (text.length > LONGEST) return undefined;
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
    const whole = scanNumber(bytes, cell.at, cell.end, true, spot) && spot.end === cell.end;
    const value = whole ? spot.value : WORDS.get(token.toLowerCase());
    if (value === undefined && !column.passed && !NO_VALUE.test(token)) return undefined;
    if (value !== undefined && !column.passed) values.push({ ...cell, column, value });
  }
  if (values.length === 0) return undefined;
  return {
    values,
    ...(step === undefined ? {} : { step }),
    ...(epoch === undefined ? {} : { epoch }),
  };
}
