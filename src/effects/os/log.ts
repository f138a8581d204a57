// The daemon's own log: JSON lines for programs, formatted for people on a terminal. Messages are
// constant strings; what varies is in fields. What looks like a secret is masked.
import { pino, type Logger } from "pino";
import pretty from "pino-pretty";
import { masked } from "../../base/secrets.ts";

/** A logger on standard output; `level` is one of pino's. */
export function openLog(level = "info", readable = process.stdout.isTTY): Logger {
  const base = null;
  const hooks = { streamWrite: masked };
  if (!readable) return pino({ level, base, hooks, timestamp: pino.stdTimeFunctions.isoTime });
  const stream = pretty({ translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname", sync: true });
  return pino({ level, base, hooks }, stream);
}
