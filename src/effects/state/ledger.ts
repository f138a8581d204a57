// The machine's ledger: facts in SQLite, appended in one transaction for each turn and read back on
// start. Append-only: nothing is changed or deleted. domain/apply.ts defines what a fact means.
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Fact, PauseFact } from "../../domain/fact.ts";
import { hashText, type LabPath } from "../../base/ids.ts";
import { parseStored } from "../../base/stored-json.ts";

/** An open ledger. All methods are synchronous, and throw SQLite's errors. */
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
  /** The newest row: its number, and a hash that distinguishes it from another ledger's row. */
  last(): { readonly seq: number; readonly row: string } | undefined;
  /** The hash of any row; undefined if there is no such row. */
  row(seq: number): string | undefined;
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

/**
 * Opens `ledger.sqlite` in the state folder, and creates both unless `readOnly`. On a network file
 * system, or if a newer nightlab wrote the ledger, throws an error that says what to do; with
 * `readOnly` neither is checked.
 */
export function openLedger(
  stateDir: string,
  options: { readonly readOnly?: boolean } = {},
): Ledger {
  const readOnly = options.readOnly === true;
  if (!readOnly) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    refuseNetwork(stateDir);
  }
  const db = new DatabaseSync(join(stateDir, "ledger.sqlite"), { readOnly });
  db.exec("PRAGMA busy_timeout = 10000");
  if (!readOnly) {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    upgrade(db, stateDir);
  } else if (!hasFacts(db)) {
    // A daemon is just creating the ledger: so far it holds nothing.
    db.exec(`CREATE TEMP TABLE facts (${COLUMNS})`);
  }
  const insert = readOnly
    ? undefined
    : db.prepare("INSERT INTO facts (at, lab, kind, body) VALUES (?, ?, ?, ?)");
  return {
    append(rows) {
      if (rows.length === 0) return;
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const { lab, fact } of rows) {
          insert?.run(fact.atMs, lab, fact.kind, JSON.stringify(fact));
        }
        db.exec("COMMIT");
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    read(labs, afterSeq = 0) {
      const wanted = ["", ...labs];
      const params = wanted.map(() => "?").join(", ");
      const query = db.prepare(
        `SELECT body FROM facts WHERE lab IN (${params}) AND seq > ? ORDER BY seq`,
      );
      return query.all(...wanted, afterSeq).map((row) => parseStored(String(row["body"])) as Fact);
    },
    some(labs, afterSeq, count) {
      const wanted = ["", ...labs];
      const params = wanted.map(() => "?").join(", ");
      const query = db.prepare(
        `SELECT seq, body FROM facts WHERE lab IN (${params}) AND seq > ? ORDER BY seq LIMIT ?`,
      );
      const rows = query.all(...wanted, afterSeq, count);
      const facts = rows.map((row) => parseStored(String(row["body"])) as Fact);
      return { facts, seq: Number(rows.at(-1)?.["seq"] ?? afterSeq) };
    },
    last() {
      const seq = db.prepare("SELECT max(seq) AS seq FROM facts").get()?.["seq"];
      if (typeof seq !== "number") return undefined;
      return { seq, row: hashOfRow(db, seq) ?? "" };
    },
    lastPause() {
      const query = db.prepare(
        "SELECT body FROM facts WHERE lab = '' AND kind = 'queue-paused' ORDER BY seq DESC LIMIT 1",
      );
      const row = query.get();
      return row === undefined ? undefined : (parseStored(String(row["body"])) as PauseFact);
    },
    row: (seq) => hashOfRow(db, seq),
    close: () => db.close(),
  };
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
    throw new Error(
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
  throw new Error(
    `The state folder ${stateDir} is on a network file system, where a ledger is not safe; ` +
      "set NIGHTLAB_STATE_DIR to a folder on a local disk.",
  );
}
