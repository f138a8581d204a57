// Writes the daemon's decisions to its log, for a user at the terminal and for searching.
// The ledger is the record; the log is never read back.
import type { Logger } from "pino";
import { commandTitle } from "../../domain/command.ts";
import type { Fact } from "../../domain/fact.ts";

/** Logs one line for each fact: what a user wants to see at `info`, the rest at `debug`. */
export function logFact(log: Logger, fact: Fact): void {
  switch (fact.kind) {
    case "command-accepted":
      log.info({ id: fact.id, command: commandTitle(fact.spec), state: fact.state }, "accepted");
      return;
    case "command-state":
      log.info({ id: fact.id, state: fact.state, reason: fact.reason }, "command");
      return;
    case "run-claimed":
      log.info({ id: fact.id, limitMs: fact.spec.limitMs }, "preparing");
      return;
    case "run-started":
      log.info({ id: fact.id, pid: fact.process.pid }, "started");
      return;
    case "run-folder-known":
      log.info({ id: fact.id, folder: fact.folder }, "run folder");
      return;
    case "run-ended": {
      const { ending, cause, findings } = fact.outcome;
      const flags = findings.filter(({ tier }) => tier !== "note").length;
      log.info({ id: fact.id, ending, cause: cause.kind, flags }, "ended");
      return;
    }
    case "queue-paused":
      log.info({ paused: fact.paused, why: fact.why }, "queue");
      return;
    default: {
      const { kind, ...rest } = fact;
      log.debug(rest, kind);
    }
  }
}
