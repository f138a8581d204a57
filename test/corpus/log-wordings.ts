// A training as the programs that people use write it to a log, and the series that are in there.
import type { Random } from "./random.ts";
import type { Row, Training } from "./trainings.ts";

export interface WrittenLog {
  readonly file: string;
  readonly text: string;
  /** The numbers as written, by the name that the log gives them, in order. */
  readonly tokens: ReadonlyMap<string, readonly string[]>;
}

/** Writes a line, and tells which numbers are metrics. */
interface Pen {
  readonly line: (text: string) => void;
  /** A metric's token; `name` is how a reader of the log would call it. */
  readonly metric: (name: string, token: string) => string;
  /** The time of the line that comes next, which takes as long as a step does. */
  readonly now: () => Date;
}

interface Wording {
  readonly file: string;
  /** Names that it has words for; absent: all. */
  readonly only?: readonly string[];
  readonly head?: (pen: Pen, training: Training) => void;
  readonly row: (pen: Pen, row: Row, training: Training) => void;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
const clock = (at: Date): string =>
  `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
const day = (at: Date): string =>
  `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
const entries = (row: Row): readonly [string, number][] => Object.entries(row.values);
const short = (value: number): string => value.toFixed(4);
/** As Python prints a float: a share that is 1 is `1.0`. */
const float = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

/** As C prints `%.6E`. */
const power = (value: number): string =>
  value
    .toExponential(6)
    .toUpperCase()
    .replace(/E([+-])(\d)$/, "E$10$2");

export const WORDINGS: Readonly<Record<string, Wording>> = {
  "loguru objects": {
    file: "logs/train.log",
    row(pen, row) {
      const at = pen.now();
      const fields = entries(row).map(([name, value]) => {
        const key = `${row.kind}/${name}`;
        return `"${key}": ${pen.metric(key, float(value))}`;
      });
      const object = `{"step": ${row.step}, ${fields.join(", ")}}`;
      pen.line(`${day(at)} ${clock(at)} | INFO | metric ${object}`);
    },
  },
  "step:n/all pairs": {
    file: "logs/train.txt",
    only: ["loss"],
    row(pen, { kind, step, values }, { steps }) {
      const atMs = pen.now().getTime();
      const token = pen.metric(`${kind}_loss`, short(values["loss"] ?? 0));
      pen.line(`step:${step}/${steps} ${kind}_loss:${token} train_time:${atMs % 1e9}ms`);
    },
  },
  "short pairs": {
    file: "logs/main.log",
    only: ["loss", "lr", "grad_norm"],
    row(pen, { kind, step, values }) {
      if (kind === "val")
        pen.line(`s:${step} tel:${pen.metric("tel", short(values["loss"] ?? 0))}`);
      else {
        const loss = pen.metric("trl", short(values["loss"] ?? 0));
        const lr = pen.metric("lr", (values["lr"] ?? 0).toFixed(6));
        const norm = pen.metric("norm", (values["grad_norm"] ?? 0).toFixed(2));
        pen.line(`s:${step} trl:${loss} lr:${lr} norm:${norm}`);
      }
    },
  },
  "dictionaries of a trainer": {
    file: "logs/output.log",
    row(pen, row, { perEpoch }) {
      const fields = entries(row).map(([name, value]) => {
        const key = row.kind === "val" ? `eval_${name}` : name === "lr" ? "learning_rate" : name;
        return `'${key}': ${pen.metric(key, float(value))}`;
      });
      const epoch = ((row.step + 1) / perEpoch).toFixed(2);
      pen.line(`{${fields.join(", ")}, 'epoch': ${Number(epoch)}}`);
    },
  },
  "iteration | columns": {
    file: "logs/out.log",
    only: ["loss", "lr", "grad_norm"],
    row(pen, { kind, step, values }, { steps }) {
      const at = pen.now();
      if (kind === "val") return;
      const lr = pen.metric("learning rate", power(values["lr"] ?? 0));
      const loss = pen.metric("lm loss", power(values["loss"] ?? 0));
      const norm = pen.metric("grad norm", (values["grad_norm"] ?? 0).toFixed(3));
      pen.line(
        ` [${day(at)} ${clock(at)}] iteration ${String(step + 1).padStart(8)}/${String(steps).padStart(8)} | learning rate: ${lr} | global batch size:    32 | lm loss: ${loss} | grad norm: ${norm} | number of skipped iterations:   0 |`,
      );
    },
  },
  "absl pairs": {
    file: "logs/train.log",
    head(pen) {
      pen.line(
        "I0202 14:30:00.000000 139823373338368 xla_bridge.py:455] Unable to initialize backend 'plugin'",
      );
    },
    row(pen, row) {
      const at = pen.now();
      const stamp = `I${pad(at.getUTCMonth() + 1)}${pad(at.getUTCDate())} ${clock(at)}.${pad(at.getUTCMilliseconds(), 3)}000`;
      const fields = entries(row).map(([name, value]) => {
        const key = row.kind === "val" ? `validation/${name}` : name;
        return `${key}=${pen.metric(key, float(value))}`;
      });
      pen.line(
        `${stamp} 139823373338368 logging_writer.py:48] [${row.step}] global_step=${row.step}, ${fields.join(", ")}`,
      );
    },
  },
  "csv of a logger": {
    file: "logs/metrics.csv",
    head(pen, { rows }) {
      pen.line(["epoch", "step", ...columns(rows)].join(","));
    },
    row(pen, row, { rows }) {
      const cells = columns(rows).map((column) => {
        const at = column.indexOf("_");
        const value =
          column.slice(0, at) === row.kind ? row.values[column.slice(at + 1)] : undefined;
        return value === undefined ? "" : pen.metric(column, float(value));
      });
      pen.line([row.epoch, row.step, ...cells].join(","));
    },
  },
  "words and bars": {
    file: "logs/train.log",
    row(pen, row) {
      const at = pen.now();
      const fields = entries(row).map(([name, value]) => {
        const key = row.kind === "val" ? `val_${name}` : name;
        return `${key} ${pen.metric(key, value.toPrecision(5))}`;
      });
      pen.line(
        `${day(at)} ${clock(at)},${pad(at.getUTCMilliseconds(), 3)} INFO epoch ${row.epoch} | step ${row.step} | ${fields.join(" | ")}`,
      );
    },
  },
};

const columns = (rows: readonly Row[]): readonly string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row.values).map((name) => `${row.kind}_${name}`))),
];

/** The log of a training in one wording; undefined where that has no words for what it logs. */
export function logOf(
  training: Training,
  wording: Wording,
  random: Random,
): WrittenLog | undefined {
  const { only } = wording;
  if (
    only !== undefined &&
    !training.rows.every(({ values }) => only.some((one) => one in values))
  ) {
    return undefined;
  }
  const lines: string[] = [];
  const tokens = new Map<string, string[]>();
  const stepMs = random.between(80, 400);
  let nowMs = Date.UTC(2025, 1, 2, 14, 30);
  const pen: Pen = {
    line: (text) => lines.push(text),
    metric(name, token) {
      const known = tokens.get(name);
      if (known === undefined) tokens.set(name, [token]);
      else known.push(token);
      return token;
    },
    now() {
      nowMs += stepMs * Math.exp(0.1 * random.normal());
      return new Date(nowMs);
    },
  };
  if (training.restored === true && !wording.file.endsWith(".csv"))
    pen.line("Loading weights from checkpoints/base.pt");
  wording.head?.(pen, training);
  for (const row of training.rows) wording.row(pen, row, training);
  return { file: wording.file, text: lines.map((line) => `${line}\n`).join(""), tokens };
}
