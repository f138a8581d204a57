// A person at an editor in a simulated night: what they do to a journal, step by step.
// They know nothing of the daemon; which lines are theirs is told by `ownLines`.
import type { Night, SaveOptions } from "./night.ts";

/** What a person can do; numbers choose the place, each one modulo what there is. */
export const DEEDS = [
  "type-line",
  "type-go",
  "type-task",
  "type-fence",
  "type-note",
  "type-quote-in-receipt",
  "save-unchanged",
  "undo",
  "redo",
  "edit-command",
  "delete-command",
  "copy-command",
  "copy-with-receipt",
  "move-command",
  "halve-receipt",
  "move-receipt",
  "copy-receipt",
  "delete-receipt",
  "tick",
  "pull",
  "conflict",
] as const;

export interface Deed {
  readonly kind: (typeof DEEDS)[number];
  readonly at: number;
  readonly to: number;
  readonly name: string;
  /** The buffer was loaded before the daemon's last writes. */
  readonly stale: boolean;
}

/** Lines that are the person's: all but quotes, and of those the ones that they wrote. */
export function ownLines(text: string): readonly string[] {
  return text
    .split(/\r\n|\n/)
    .filter((line) => line.trim() !== "" && (!/^\s*>/.test(line) || /\bmine \d+$/.test(line)));
}

/** How often each command has been written, as `name args`: never does it start more often. */
export class Person {
  readonly written = new Map<string, number>();
  readonly #night: Night;
  #buffer: string;
  #undo: string[] = [];
  #redo: string[] = [];
  #count = 0;

  constructor(night: Night) {
    this.#night = night;
    this.#buffer = night.text();
  }

  /** Does it and saves. */
  act(deed: Deed, save: (text: string, options: SaveOptions) => void): void {
    const git = deed.kind === "pull" || deed.kind === "conflict";
    // Editors load what git changed; otherwise they may well keep an older text.
    if (!deed.stale || git || hasMarkers(this.#night.text())) this.#buffer = this.#night.text();
    const before = this.#buffer;
    this.#buffer = this.#changed(deed, before.split("\n"));
    if (deed.kind !== "undo" && deed.kind !== "redo" && this.#buffer !== before) {
      this.#undo.push(before);
      this.#redo = [];
    }
    save(this.#buffer, deed.kind === "pull" ? { origin: "commit" } : {});
  }

  /** Settles every conflict and ticks every box that stands in the journal now. */
  tickAll(): void {
    const text = withoutMarkers(this.#night.text());
    const lines = text.split("\n");
    lines.forEach((line, i) => {
      if (line.includes("- [ ] start")) this.#agreed(lines, i);
    });
    this.#buffer = text.replaceAll(/^((?: *>)? *- )\[ \] (start|run)/gm, "$1[x] $2");
    this.#night.save(this.#buffer);
  }

  #changed({ kind, at, to, name }: Deed, lines: string[]): string {
    const commands = commandLines(lines);
    const command = commands[at % Math.max(1, commands.length)] ?? -1;
    const receipts = receiptsIn(lines);
    const receipt = receipts[at % Math.max(1, receipts.length)];
    const end = lines.length;
    const gap = gaps(lines)[to % Math.max(1, gaps(lines).length)] ?? end;
    const text = lines.join("\n");
    this.#count += 1;
    switch (kind) {
      case "type-line":
        return put(lines, gap, [this.#wrote(`run: ${name}`)]);
      case "type-go":
        return put(lines, gap, [`${this.#wrote(`run: ${name}`)} !`]);
      case "type-task":
        return put(lines, gap, [`- [${to % 2 === 0 ? " " : "x"}] ${this.#wrote(`run: ${name}`)}`]);
      case "type-fence":
        return put(lines, gap, ["```yaml", this.#wrote(`run: ${name}`), "```"]);
      case "type-note":
        return put(lines, gap, [`A note, mine ${this.#count}`]);
      case "type-quote-in-receipt":
        if (receipt === undefined) return text;
        lines.splice(receipt[0] + 1, 0, `${/^ */.exec(lines[receipt[0]] ?? "")?.[0]}> mine ${at}`);
        return lines.join("\n");
      case "save-unchanged":
        return text;
      case "undo":
        if (this.#undo.length > 0) this.#redo.push(text);
        return this.#undo.pop() ?? text;
      case "redo":
        if (this.#redo.length > 0) this.#undo.push(text);
        return this.#redo.pop() ?? text;
      case "edit-command":
        if (command === -1) return text;
        lines[command] = this.#edited(lines[command] ?? "", to);
        return lines.join("\n");
      case "delete-command":
        if (command !== -1) lines.splice(command, 1);
        return lines.join("\n");
      case "copy-command":
        return command === -1 ? text : put(lines, gap, [this.#copied(lines[command] ?? "")]);
      case "copy-with-receipt": {
        if (command === -1) return text;
        const below = receipts.find(([from]) => from > command && from <= command + 2);
        const copied = below === undefined ? [] : ["", ...lines.slice(...below)];
        return put(lines, end, [this.#copied(lines[command] ?? ""), ...copied]);
      }
      case "move-command": {
        if (command === -1 || lines[command + 1]?.startsWith("```") === true) return text;
        const [moved = ""] = lines.splice(command, 1);
        return put(lines, gaps(lines)[to % Math.max(1, gaps(lines).length)] ?? end, [moved]);
      }
      case "halve-receipt":
        if (receipt !== undefined) lines.splice(receipt[0] + (to % 2), 1);
        return lines.join("\n");
      case "move-receipt": {
        if (receipt === undefined) return text;
        const moved = lines.splice(receipt[0], receipt[1] - receipt[0]);
        return put(lines, lines.length, moved);
      }
      case "copy-receipt":
        return receipt === undefined ? text : put(lines, gap, lines.slice(...receipt));
      case "delete-receipt":
        if (receipt !== undefined) lines.splice(receipt[0], receipt[1] - receipt[0]);
        return lines.join("\n");
      case "tick": {
        const boxes = lines.flatMap((line, i) => (/- \[ \] (start|run)/.test(line) ? [i] : []));
        const box = boxes[at % Math.max(1, boxes.length)];
        if (box !== undefined) this.#agreed(lines, box);
        if (box !== undefined) lines[box] = (lines[box] ?? "").replace("[ ]", "[x]");
        return lines.join("\n");
      }
      case "pull":
        return put(lines, gap, [this.#wrote(`run: ${name}`)]);
      case "conflict":
        if (hasMarkers(text)) return withoutMarkers(text);
        return put(lines, gap, [
          "<<<<<<< ours",
          `A note, mine ${this.#count}`,
          "",
          "=======",
          this.#wrote(`run: ${name}`),
          "",
          ">>>>>>> theirs",
        ]);
    }
  }

  /** A box says why its command is held: to tick it is to write the command again. */
  #agreed(lines: readonly string[], box: number): void {
    if (!(lines[box] ?? "").includes("start")) return;
    this.#wrote(lines.slice(0, box).findLast((line) => /^[^>]*run: /.test(line)) ?? "");
  }

  #wrote(line: string): string {
    const key = line.replace(/^.*?run: /, "").replace(/ !$/, "");
    this.written.set(key, (this.written.get(key) ?? 0) + 1);
    return line;
  }

  #copied(line: string): string {
    this.#wrote(line);
    return line;
  }

  #edited(line: string, to: number): string {
    const bare = line.replace(/ --lr \d+/, "");
    const go = bare.endsWith(" !") ? " !" : "";
    return `${this.#wrote(`${bare.replace(/ !$/, "")} --lr ${to % 7}`)}${go}`;
  }
}

const isCommand = (line: string): boolean => /^(- \[.\] )?run: /.test(line);

function commandLines(lines: readonly string[]): readonly number[] {
  // What stands in a fence takes no arguments on its line.
  return lines.flatMap((line, i) =>
    isCommand(line) && lines[i - 1]?.startsWith("```") !== true ? [i] : [],
  );
}

/** Quotes as the editor shows them: from their first line, to the one below their last. */
function receiptsIn(lines: readonly string[]): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  lines.forEach((line, i) => {
    if (!/^\s*>/.test(line) || /^\s*>/.test(lines[i - 1] ?? "")) return;
    const to = lines.findIndex((one, j) => j > i && !/^\s*>/.test(one));
    found.push([i, to === -1 ? lines.length : to]);
  });
  return found;
}

/** Empty lines outside of fences and markers: where people type. */
function gaps(lines: readonly string[]): readonly number[] {
  let inside = false;
  return lines.flatMap((line, i) => {
    if (line.startsWith("```")) inside = !inside;
    if (/^(<{7}|>{7})/.test(line)) inside = line.startsWith("<");
    return !inside && line === "" && i > 2 ? [i] : [];
  });
}

const put = (lines: readonly string[], at: number, added: readonly string[]): string =>
  [...lines.slice(0, at), "", ...added, "", ...lines.slice(at)].join("\n");

const hasMarkers = (text: string): boolean => /^<{7} /m.test(text);

const withoutMarkers = (text: string): string =>
  text.replaceAll(/^(?:<{7} .*|={7}|>{7} .*)$\n?/gm, "");
