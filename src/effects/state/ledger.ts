// The machine's ledger: facts in SQLite, appended in one transaction for each turn and read back on
// start. Append-only: nothing is changed or deleted. domain/apply.ts defines what a fact means.
import { mkdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Fact, FactOf, PauseFact } from "../../domain/fact.ts";
import { hashText, type LabPath } from "../../base/ids.ts";
import { shellWord } from "../../base/shell-word.ts";
import { damagedTrouble, inWords, LedgerTrouble, movedTrouble } from "./ledger-trouble.ts";
import { factOf, storedFact } from "./stored-fact.ts";

/** An open ledger. All methods are synchronous, and throw a `LedgerTrouble`. */
export interface Ledger {
  /** Appends all rows in one transaction. Durable on return; if it throws, none was appended. */
  append(rows: readonly LedgerRow[]): void;
  /** Facts of these labs and of the machine, oldest first, from rows after `afterSeq`. */
  read(labs: readonly LabPath[], afterSeq?: number): readonly Fact[];
  /** Like `read`, at most `count` facts, and the number of the last row; no facts: that was all. */
  some(
    labs: readonly LabPath[],
    afterSeq: number,
    count: number,
  ): { readonly facts: readonly Fact[]; readonly seq: number };
  /**
   * Facts of these labs and of the machine whose stored text has one of these parts, and all of
   * these kinds, oldest first. Scans the rows, which costs a fraction of reading them as facts.
   */
  having(
    labs: readonly LabPath[],
    parts: readonly string[],
    kinds?: readonly Fact["kind"][],
  ): readonly Fact[];
  /** How many rows after `after`, up to `upTo`, are of these labs or of the machine. */
  count(labs: readonly LabPath[], after: number, upTo: number): number;
  /** The newest row: its number, and a hash that distinguishes it from another ledger's row. */
  last(): { readonly seq: number; readonly row: string } | undefined;
  /** The hash of any row; undefined if there is no such row. */
  row(seq: number): string | undefined;
  /** Whether anything is recorded under this path. */
  knows(lab: LabPath): boolean;
  /** The latest pause or resume of the queue that any daemon of the machine recorded. */
  lastPause(): PauseFact | undefined;
  close(): void;
}

/** A fact and its lab; "" for a fact of the machine. */
export interface LedgerRow {
  readonly lab: LabPath | "";
  readonly fact: Fact;
}

const COLUMNS =
  "seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, lab TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL";
/** Stored in `user_version`; a larger number comes from a newer nightlab. */
const SCHEMA = 1;
/**
 * Magic numbers of statfs(2) for NFS, all versions of SMB, 9p, Ceph, Lustre, GPFS and AFS, where
 * SQLite's locks cannot be trusted.
 */
const NETWORK_FILE_SYSTEMS = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x00c36400, 0x0bd00bd0, 0x47504653,
  0x5346414f,
]);

/** Long facts that tell nothing of one command: `having` does not search in them. */
const LONG: readonly Fact["kind"][] = ["journal-aligned", "pieces-rendered", "night-told"];

/** Where the ledger of a state folder is. */
const ledgerPath = (stateDir: string): string => join(stateDir, "ledger.sqlite");

/** Whether there is a ledger. Throws a `LedgerTrouble` where that cannot be found out. */
export function hasLedger(stateDir: string): boolean {
  const path = ledgerPath(stateDir);
  return inWords(path, () => statSync(path, { throwIfNoEntry: false }) !== undefined);
}

/**
 * Opens the ledger in the state folder, and creates both unless `readOnly`. All trouble is thrown as
 * a `LedgerTrouble`: also a network file system, a newer nightlab's ledger and a damaged one, none
 * of which is looked for with `readOnly`.
 */
export function openLedger(
  stateDir: string,
  options: { readonly readOnly?: boolean } = {},
): Ledger {
  const readOnly = options.readOnly === true;
  const path = ledgerPath(stateDir);
  return inWords(path, () => {
    if (!readOnly) {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      refuseNetwork(stateDir);
      refuseOthers(stateDir);
    }
    const db = new DatabaseSync(path, { readOnly });
    db.exec("PRAGMA busy_timeout = 10000");
    if (!readOnly) {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      upgrade(db, stateDir);
      refuseDamaged(db, path);
    } else if (!hasFacts(db)) {
      // A daemon is just creating the ledger: so far it holds nothing.
      db.exec(`CREATE TEMP TABLE facts (${COLUMNS})`);
    }
    return ledgerOn(db, path, readOnly);
  });
}

function ledgerOn(db: DatabaseSync, path: string, readOnly: boolean): Ledger {
  const insert = readOnly
    ? undefined
    : db.prepare("INSERT INTO facts (at, lab, kind, body) VALUES (?, ?, ?, ?)");
  const opened = statSync(path).ino;
  /** SQLite goes on writing to a file that has lost its name; what it writes is lost. */
  const checkPlace = (): void => {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== opened) throw movedTrouble(path);
  };
  const factIn = (row: Readonly<Record<string, unknown>>): Fact =>
    factOf(path, Number(row["seq"]), String(row["body"]));
  return {
    append: (rows) =>
      inWords(path, () => {
        if (rows.length === 0) return;
        checkPlace();
        db.exec("BEGIN IMMEDIATE");
        try {
          for (const { lab, fact } of rows) {
            insert?.run(fact.atMs, lab, fact.kind, storedFact(fact));
          }
          db.exec("COMMIT");
        } catch (error) {
          if (db.isTransaction) db.exec("ROLLBACK");
          throw error;
        }
      }),
    read: (labs, afterSeq = 0) =>
      inWords(path, () => {
        const { where, params } = rowsOf(db, path, labs);
        const query = db.prepare(
          `SELECT seq, body FROM facts WHERE (${where}) AND seq > ? ORDER BY seq`,
        );
        return query.all(...params, afterSeq).map(factIn);
      }),
    some: (labs, afterSeq, count) =>
      inWords(path, () => {
        const { where, params } = rowsOf(db, path, labs);
        const query = db.prepare(
          `SELECT seq, body FROM facts WHERE (${where}) AND seq > ? ORDER BY seq LIMIT ?`,
        );
        const rows = query.all(...params, afterSeq, count);
        return { facts: rows.map(factIn), seq: Number(rows.at(-1)?.["seq"] ?? afterSeq) };
      }),
    having: (labs, parts, kinds = []) =>
      inWords(path, () => {
        const { where, params } = rowsOf(db, path, labs);
        const isKind = `kind IN (${kinds.map(() => "?").join(", ")})`;
        const hasPart = parts.map(() => "instr(body, ?) > 0").join(" OR ") || "FALSE";
        const isWanted = `${isKind} OR (kind NOT IN (${LONG.map(() => "?").join(", ")}) AND (${hasPart}))`;
        const query = db.prepare(
          `SELECT seq, body FROM facts WHERE (${where}) AND (${isWanted}) ORDER BY seq`,
        );
        return query.all(...params, ...kinds, ...LONG, ...parts).map(factIn);
      }),
    count: (labs, after, upTo) =>
      inWords(path, () => {
        const { where, params } = rowsOf(db, path, labs);
        const sql = `SELECT count(*) AS rows FROM facts WHERE (${where}) AND seq > ? AND seq <= ?`;
        return Number(db.prepare(sql).get(...params, after, upTo)?.["rows"]);
      }),
    knows: (lab) =>
      inWords(
        path,
        () => db.prepare("SELECT 1 FROM facts WHERE lab = ? LIMIT 1").get(lab) !== undefined,
      ),
    last: () =>
      inWords(path, () => {
        const seq = db.prepare("SELECT max(seq) AS seq FROM facts").get()?.["seq"];
        if (typeof seq !== "number") return undefined;
        return { seq, row: hashOfRow(db, seq) ?? "" };
      }),
    lastPause: () =>
      inWords(path, () => {
        checkPlace();
        const query = db.prepare(
          "SELECT seq, body FROM facts WHERE lab = '' AND kind = 'queue-paused' ORDER BY seq DESC LIMIT 1",
        );
        const row = query.get();
        return row === undefined ? undefined : (factIn(row) as PauseFact);
      }),
    row: (seq) => inWords(path, () => hashOfRow(db, seq)),
    close: () => db.close(),
  };
}

/**
 * A damaged index would give some facts and leave others out, and commands whose facts are missing
 * would start again. Half a second for a hundred thousand facts.
 */
function refuseDamaged(db: DatabaseSync, path: string): void {
  const found = Object.values(db.prepare("PRAGMA integrity_check(1)").get() ?? {})[0];
  if (found !== "ok") throw damagedTrouble(path, String(found).split("\n").at(-1) ?? "");
}

/** What is wrong with the ledger, in words; undefined: nothing, or there is none. */
export function ledgerTrouble(stateDir: string): string | undefined {
  try {
    if (!hasLedger(stateDir)) return undefined;
    const path = ledgerPath(stateDir);
    inWords(path, () => {
      const db = new DatabaseSync(path, { readOnly: true });
      try {
        refuseDamaged(db, path);
      } finally {
        db.close();
      }
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Move {
  readonly seq: number;
  readonly from: LabPath;
  readonly to?: LabPath;
}

/** The rows of these labs and of the machine, as an SQL condition and its parameters. */
function rowsOf(
  db: DatabaseSync,
  path: string,
  labs: readonly LabPath[],
): { readonly where: string; readonly params: readonly (string | number)[] } {
  const moves = movesIn(db, path);
  if (moves.length === 0) {
    const wanted = ["", ...labs];
    return { where: `lab IN (${wanted.map(() => "?").join(", ")})`, params: wanted };
  }
  const parts = labs.flatMap((lab) => stretchesOf(moves, lab, Number.MAX_SAFE_INTEGER));
  return {
    where: ["lab = ''", ...parts.map(() => "(lab = ? AND seq > ? AND seq <= ?)")].join(" OR "),
    params: parts.flatMap(({ lab, after, upTo }) => [lab, after, upTo]),
  };
}

/** All moves of labs, oldest first. Facts of the machine are few. */
function movesIn(db: DatabaseSync, path: string): readonly Move[] {
  const query = db.prepare(
    "SELECT seq, body FROM facts WHERE lab = '' AND kind = 'lab-moved' ORDER BY seq",
  );
  return query.all().map(({ seq, body }) => ({
    ...(factOf(path, Number(seq), String(body)) as FactOf<"lab-moved">),
    seq: Number(seq),
  }));
}

/** Under which paths the ledger has a lab, from which row to which: its moves lead back. */
function stretchesOf(
  moves: readonly Move[],
  lab: LabPath,
  upTo: number,
): readonly { readonly lab: LabPath; readonly after: number; readonly upTo: number }[] {
  const before = moves.filter(({ seq }) => seq < upTo);
  const after = before.findLast(({ from }) => from === lab)?.seq ?? 0;
  const here = before.filter(({ to, seq }) => to === lab && seq > after);
  return [{ lab, after, upTo }, ...here.flatMap(({ from, seq }) => stretchesOf(moves, from, seq))];
}

/** A hash of a row's lab and fact. */
function hashOfRow(db: DatabaseSync, seq: number): string | undefined {
  const row = db.prepare("SELECT lab, body FROM facts WHERE seq = ?").get(seq);
  return row === undefined ? undefined : hashText(`${String(row["lab"])}\n${String(row["body"])}`);
}

const hasFacts = (db: DatabaseSync): boolean =>
  db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'facts'").get() !== undefined;

function upgrade(db: DatabaseSync, stateDir: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > SCHEMA) {
    db.close();
    throw new LedgerTrouble(
      `The ledger in ${stateDir} was written by a newer nightlab (schema ${version}); ` +
        "update this one, or set NIGHTLAB_STATE_DIR to another folder.",
    );
  }
  if (version === SCHEMA) return;
  db.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS facts (${COLUMNS});
    CREATE INDEX IF NOT EXISTS facts_by_lab ON facts (lab, seq);
    PRAGMA user_version = ${SCHEMA};
    COMMIT;
  `);
}

/** Whether an existing folder is on a network file system. Throws if it cannot be examined. */
export function isOnNetwork(folder: string): boolean {
  return NETWORK_FILE_SYSTEMS.has(statfsSync(folder).type);
}

function refuseNetwork(stateDir: string): void {
  if (!isOnNetwork(stateDir)) return;
  throw new LedgerTrouble(
    `The state folder ${stateDir} is on a network file system, where a ledger is not safe; ` +
      "set NIGHTLAB_STATE_DIR to a folder on a local disk.",
  );
}

/** What stands in the ledger decides what runs: nobody else may have written it. */
function refuseOthers(stateDir: string): void {
  const { uid, mode } = statSync(stateDir);
  if (uid !== process.getuid?.() && uid !== 0) {
    throw new LedgerTrouble(
      `The state folder ${stateDir} belongs to the user with the id ${uid}; ` +
        "set NIGHTLAB_STATE_DIR to a folder of your own.",
    );
  }
  if ((mode & 0o002) !== 0) {
    const fix = `chmod go-w ${shellWord(stateDir)}`;
    throw new LedgerTrouble(
      `The state folder ${stateDir} is not safe: others may write to it; \`${fix}\`.`,
    );
  }
}
