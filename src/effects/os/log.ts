// The daemon's own log: JSON lines for programs, the same lines set for reading on a terminal.
// Messages are constant; what varies is in fields.
import { pino, type Logger } from "pino";
import pretty from "pino-pretty";

/** A logger on standard output; `level` as pino's, `info` by default. */
export function openLog(level = "info", readable = process.stdout.isTTY): Logger {
  const base = null;
  if (!readable) return pino({ level, base, timestamp: pino.stdTimeFunctions.isoTime });
  const stream = pretty({ translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname", sync: true });
  return pino({ level, base }, stream);
}
