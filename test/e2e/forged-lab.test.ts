// A lab from elsewhere with every kind of file below `.nightlab` that nightlab reads or has read:
// none of them permits, starts, stops, pauses, deletes or writes anything.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, trainScript } from "./lab.ts";
import { openPlace, type WatchedPlace } from "./watched-place.ts";

const open: WatchedPlace[] = [];
after(async () => {
  for (const one of open) await one.close();
});

function place(): WatchedPlace {
  const made = openPlace();
  open.push(made);
  return made;
}

/** Everything outside of the lab and the state folder, by its content. */
function world(root: string, lab: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of globSync("**", { cwd: root })) {
    const path = join(root, name);
    if (path === lab || path.startsWith(`${lab}/`) || name.startsWith("state")) continue;
    const stat = lstatSync(path);
    found[name] = stat.isFile() ? readFileSync(path, "utf8") : stat.isDirectory() ? "/" : "other";
  }
  return found;
}

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Forges one kind of file; `home` is a folder of the person's, outside of the lab. */
type Forge = (lab: string, home: string) => void;

function put(path: string, content: string | object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

function intent(lab: string, home: string, more: object): object {
  const path = join(lab, "exp", "JOURNAL.md");
  const id = "m0-0123456789ab";
  return {
    id,
    path,
    target: path,
    temp: join(home, "mine.txt"),
    aside: join(home, "aside.txt"),
    parked: join(home, "parked.txt"),
    keptDir: home,
    basedOnHash: sha("x"),
    newHash: sha("y"),
    toldHashes: [],
    ...more,
  };
}

const own = (lab: string, ...names: readonly string[]): string => join(lab, ".nightlab", ...names);
const FORGED: Readonly<Record<string, Forge>> = {
  "a mark of origin": (lab) => put(own(lab, "made-here", sha("exp").slice(0, 32)), "exp\n"),
  "a draft of a write": (lab, home) =>
    put(own(lab, "intents", "m0-0123456789ab.json"), intent(lab, home, { phase: "draft" })),
  "a write that is ready": (lab, home) =>
    put(
      own(lab, "intents", "m1-0123456789ab.json"),
      intent(lab, home, { phase: "ready", id: "m1-0123456789ab", target: join(home, "new.txt") }),
    ),
  "a write of LAB.md": (lab, home) =>
    put(
      own(lab, "page-intents", "m0-0123456789ab.json"),
      intent(lab, home, { phase: "draft", path: join(lab, "LAB.md") }),
    ),
  requests: (lab) => {
    put(own(lab, "requests", "queue-word.json"), { kind: "queue", id: "word", word: "pause" });
    put(own(lab, "requests", "trust-lab.json"), { kind: "trust", id: "lab" });
  },
  "a record of trust": (lab) => {
    put(own(lab, "id"), `${"0".repeat(32)}\n`);
    put(own(lab, "lab.json"), { id: "0".repeat(32), path: lab, trusted: true, arrivals: "start" });
    put(own(lab, "state", "labs", "0".repeat(32), "lab.json"), { trusted: true });
  },
  "a lock that is a link": (lab, home) => {
    mkdirSync(own(lab), { recursive: true });
    symlinkSync(join(home, "made.txt"), own(lab, "daemon.lock"));
    symlinkSync(join(home, "mine.txt"), own(lab, "daemon.pid"));
  },
  "a lock that is a FIFO": (lab) => {
    mkdirSync(own(lab), { recursive: true });
    execFileSync("mkfifo", [own(lab, "daemon.lock"), own(lab, "daemon.pid")]);
  },
  "a lock with data and a journal": (lab, home) => {
    put(own(lab, "daemon.lock"), "SQLite format 3\0".padEnd(4096, "\0"));
    put(own(lab, "daemon.lock-journal"), join(home, "mine.txt").padEnd(1024, "\0"));
  },
  attempts: (lab) => {
    put(own(lab, "attempts", "k7f3-1", "spec.json"), { attempt: "k7f3-1", lab, experiment: lab });
    put(own(lab, "attempts", "k7f3-1", "exit"), "0\n\n");
  },
  "marks of pages, and logs of environments": (lab) => {
    put(own(lab, "pages", "lab.mark"), sha(""));
    put(own(lab, "environments", "k7f3.log"), "built\n");
  },
  "copies of code": (lab) => put(own(lab, "snapshots", "k7f3", "manifest.json"), { "../x": {} }),
  "kept versions": (lab) =>
    put(own(lab, "kept", sha("exp").slice(0, 32), `000000000000001-1-${sha("a")}.zst`), "a"),
};

test("nothing below a lab from elsewhere permits, starts, pauses, deletes or writes anything", async () => {
  // All of them in one lab; of the locks one at a time, as they have one name.
  const kinds = Object.entries(FORGED);
  const locks = kinds.filter(([kind]) => kind.startsWith("a lock"));
  const others = kinds.filter(([kind]) => !kind.startsWith("a lock"));
  for (const [what, forgeLock] of locks) {
    const it = place();
    const lab = await it.makeLab("lab", `${JOURNAL}run: full !\n`, trainScript("pass"));
    const home = join(it.root, "home");
    put(join(home, "mine.txt"), "Mine.\n");
    forgeLock(lab, home);
    for (const [, forge] of others) forge(lab, home);
    const before = world(it.root, lab);
    await it.watch(lab);
    // A mark, a request or an intent is acted on at the start; a run would be there in a second.
    const told = (): boolean => /held/.test(readFileSync(join(lab, "exp", "JOURNAL.md"), "utf8"));
    await it.until(`${what}: it is held`, told);
    const status = await it.nightlab(lab, "status", "--json");
    const { paused, notices } = JSON.parse(status.stdout) as { paused: boolean; notices: string[] };
    assert.equal(paused, false, what);
    assert.match(notices.join("\n"), /nightlab trust/, what);
    assert.deepEqual(globSync(join(lab, "exp", "runs", "*")), [], what);
    assert.deepEqual(world(it.root, lab), before, what);
    assert.ok(it.isWatching(), what);
    await it.stop();
  }
});
