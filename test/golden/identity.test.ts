import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { untraced } from "../untraced.ts";
import { play } from "./identity-events.ts";

const CASES = join(import.meta.dirname, "identity");

for (const name of await readdir(CASES)) {
  test(`identity: ${name.replaceAll("-", " ")}`, async () => {
    const folder = join(CASES, name);
    const read = (file: string): Promise<string> => readFile(join(folder, file), "utf8");
    const events = await read("events");
    const played = play(await read("before.md"), events);
    const wanted = /^# starts:(.*)$/m.exec(events)?.[1];
    assert.equal(played.started.join(" "), wanted?.trim(), played.journal + played.other);
    const after = [
["after.md", untraced(played.journal)] as const, ["other.md", untraced(played.other)] as const];
    for (const [file, text] of after) {
      const path = join(folder, file);
      if (process.env["UPDATE"] === "1" && text !== "") await writeFile(path, text);
      assert.equal(text, existsSync(path) ? await read(file) : "");
    }
  });
}
