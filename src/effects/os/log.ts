// The daemon's own log: JSON lines for programs, formatted for people on a terminal. Messages are
// constant strings; what varies is in fields. What looks like a secret is masked.
import { pino, type Logger } from "pino";
import pretty from "pino-pretty";
import { masked } from "../../base/secrets.ts";
import { printableText } from "../../base/visible-text.ts";

/** A logger on standard output; `level` is one of pino's. */
export function openLog(level = "info", readable = process.stdout.isTTY): Logger {
  const hooks = { streamWrite: masked };
  const options = { level, base: null, hooks, formatters: { log: printableFields } };
  if (!readable) return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime });
  const stream = pretty({ translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname", sync: true });
  return pino(options, stream);
}

/** What a log, a name or a program said is shown, not obeyed, on the terminal of the daemon. */
function printableFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? printableText(value) : value,
    ]),
  );
}
