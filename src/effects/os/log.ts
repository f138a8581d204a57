// The daemon's own log: JSON lines for programs, formatted for people on a terminal. Messages are
// constant strings; what varies is in fields.
import { pino, type Logger } from "pino";
import pretty from "pino-pretty";

/** A logger on standard output; `level` is one of pino's. */
export function openLog(level = "info", readable = process.stdout.isTTY): Logger {
  const base = null;
  if (!readable) return pino({ level, base, timestamp: pino.stdTimeFunctions.isoTime });
  const stream = pretty({ translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname", sync: true });
  return pino({ level, base }, stream);
}
