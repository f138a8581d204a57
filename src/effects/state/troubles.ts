// What the daemon cannot read, lost or finds broken in its labs: kept beside the ledger for
// `nightlab status` and `nightlab doctor`, logged once, and told in STATUS.md beside a journal.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ExperimentPath, LabPath } from "../../base/ids.ts";
import { parseAs } from "../../base/stored-json.ts";
import { list, maybe, number, object, string } from "../../base/stored-shape.ts";
import type { Trouble } from "../../domain/trouble.ts";
import { writeTroublePage } from "../journal-store/status-page.ts";
import { viewPath } from "./status-view.ts";
import { defined } from "../../base/defined.ts";

export interface TroublesParts {
  readonly stateDir: string;
  readonly labs: readonly LabPath[];
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  /** ms since 1970. */
  readonly now: () => number;
}

/** What troubles are about: a lab, or one experiment of it, whose STATUS.md then tells them too. */
export interface TroublePlace {
  readonly lab: LabPath;
  readonly experiment?: ExperimentPath;
}

export interface Troubles {
  /** Replaces all that this source told of the place before; an empty list takes it back. */
  readonly tell: (place: TroublePlace, source: string, troubles: readonly Trouble[]) => void;
  /** Resolves when every STATUS.md that is due is written. */
  close(): Promise<void>;
}

/** The troubles that a daemon found, and when it found or lost the last one, ms since 1970. */
export interface KeptTroubles {
  readonly atMs: number;
  readonly troubles: readonly Trouble[];
}

/** Troubles stored and shown of one lab; there are more only where a whole lab is unreadable. */
const TROUBLES = 100;

/** What is told of one lab at present, by place and source. */
type Told = Map<
  string,
  { readonly experiment?: ExperimentPath; readonly troubles: readonly Trouble[] }
>;

/** Starts with none: what an earlier daemon found is forgotten. */
export function openTroubles(parts: TroublesParts): Troubles {
  const labs = new Map(parts.labs.map((lab): readonly [LabPath, Told] => [lab, new Map()]));
  const pages = new Map<ExperimentPath, Promise<void>>();
  for (const lab of parts.labs) keep(parts, lab, []);
  return {
    tell({ lab, experiment }, source, troubles) {
      const told = labs.get(lab);
      if (told === undefined) return;
      const key = `${source}\0${experiment ?? ""}`;
      const before = told.get(key)?.troubles ?? [];
      const isFirst = experiment !== undefined && !pages.has(experiment);
      if (!isFirst && isEqual(before, troubles)) return;
      if (troubles.length === 0) told.delete(key);
      else told.set(key, { ...defined({ experiment }), troubles });
      for (const one of troubles) {
        if (!before.some((old) => isEqual(old, one))) parts.warn("trouble", { lab, ...one });
      }
      if (!isEqual(before, troubles)) {
        keep(parts, lab, [...told.values()].flatMap((one) => one.troubles).slice(0, TROUBLES));
      }
      if (experiment === undefined) return;
      const here = [...told.values()].filter((one) => one.experiment === experiment);
      const lines = here.flatMap((one) => one.troubles);
      const turn = (pages.get(experiment) ?? Promise.resolve()).then(() =>
        writeTroublePage(experiment, lines),
      );
      pages.set(
        experiment,
        turn.catch((error: unknown) =>
          parts.warn("STATUS.md not written", { experiment, error: String(error) }),
        ),
      );
    },
    async close() {
      await Promise.all(pages.values());
    },
  };
}

const KEPT = object<KeptTroubles>({
  atMs: number,
  troubles: list(object<Trouble>({ where: string(), says: string(), fix: maybe(string()) })),
});

/** What the lab's last daemon found; undefined where that is not known. */
export function readTroubles(stateDir: string, lab: LabPath): KeptTroubles | undefined {
  try {
    const path = viewPath(stateDir, lab, "troubles");
    return parseAs(path, readFileSync(path, "utf8"), KEPT, "it is written anew");
  } catch {
    // Any failure: it is not known; `status` looks for itself at what it can.
    return undefined;
  }
}

function keep(
  { stateDir, now, warn }: TroublesParts,
  lab: LabPath,
  troubles: readonly Trouble[],
): void {
  const path = viewPath(stateDir, lab, "troubles");
  const kept: KeptTroubles = { atMs: now(), troubles };
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(kept));
    renameSync(`${path}.${process.pid}`, path);
  } catch (error) {
    warn("troubles not kept for `nightlab status`", { lab, error: String(error) });
  }
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
