import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  getVersion,
  hasVersion,
  keepVersion,
  listVersions,
} from "../../src/effects/journal-store/version-store.ts";
import { hashText } from "../../src/base/ids.ts";
import { NASTY } from "./journal-place.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-kept-"));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(root, `${(made += 1)} ${NASTY}`, "kept");

test("a kept version comes back byte for byte, with its time and size", async () => {
  const folder = fresh();
  const text = "\ufeffone\r\n実験 🙂";
  assert.deepEqual(await listVersions(folder), []);
  assert.equal(await keepVersion(folder, text, { atMs: 5 }), hashText(text));
  assert.equal((await getVersion(folder, hashText(text)))?.toString(), text);
  const size = Buffer.byteLength(text);
  assert.deepEqual(await listVersions(folder), [
    { hash: hashText(text), size, atMs: 5, told: false },
  ]);
  assert.equal(await getVersion(folder, hashText("other")), undefined);
  const [name = ""] = readdirSync(folder);
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
});

test("bytes that are no text are kept too", async () => {
  const folder = fresh();
  const bytes = Buffer.from([0xff, 0, 0xe9]);
  const hash = await keepVersion(folder, bytes);
  assert.deepEqual(await getVersion(folder, hash), bytes);
});

test("the same bytes are stored once and move to the end when they are seen again", async () => {
  const folder = fresh();
  for (const [text, atMs] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
    ["b", 1],
  ] as const) {
    await keepVersion(folder, text, { atMs });
  }
  const listed = await listVersions(folder);
  assert.deepEqual(
    listed.map(({ hash, atMs }) => [hash, atMs]),
    [
      [hashText("b"), 2],
      [hashText("a"), 3],
    ],
  );
});

test("the oldest go first, by number and by size, and never the one just kept", async () => {
  const folder = fresh();
  for (let i = 0; i < 10; i += 1) await keepVersion(folder, `v${i}`, { atMs: i, maxVersions: 4 });
  const texts = async (): Promise<string[]> => {
    const all = await listVersions(folder);
    return await Promise.all(all.map(async (v) => String(await getVersion(folder, v.hash))));
  };
  assert.deepEqual(await texts(), ["v6", "v7", "v8", "v9"]);
  await keepVersion(folder, "huge".repeat(1000), { atMs: 20, maxBytes: 10 });
  assert.deepEqual(await texts(), ["huge".repeat(1000)]);
  await keepVersion(folder, "from the past", { atMs: 0, maxVersions: 1 });
  assert.deepEqual(await texts(), ["from the past"]);
});

test("many keepings at once lose none and hold the bound", async () => {
  const folder = fresh();
  const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`);
  await Promise.all(texts.map((text) => keepVersion(folder, text, { maxVersions: 20 })));
  assert.equal((await listVersions(folder)).length, 20);
  assert.equal(await hasVersion(folder, hashText("text 29")), true);
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith(".zst")),
    [],
  );
});

test("a damaged version is undefined, and foreign files are left alone", async () => {
  const folder = fresh();
  const hash = await keepVersion(folder, "text");
  const [name = ""] = readdirSync(folder);
  writeFileSync(join(folder, name), "not gzip");
  writeFileSync(join(folder, "notes.txt"), "mine");
  assert.equal(await getVersion(folder, hash), undefined);
  await keepVersion(folder, "more", { maxVersions: 1 });
  assert.ok(readdirSync(folder).includes("notes.txt"));
});

test("versions that are too old go, and those a person was told of go last", async () => {
  const folder = fresh();
  const day = 86_400_000;
  await keepVersion(folder, "told", { atMs: day, told: true });
  for (let i = 2; i < 6; i += 1) await keepVersion(folder, `v${i}`, { atMs: i * day });
  await keepVersion(folder, "told", { atMs: day });
  await keepVersion(folder, "v6", { atMs: 6 * day, maxVersions: 3 });
  const texts = async (): Promise<readonly string[]> =>
    (await listVersions(folder)).map(({ hash }) => hash);
  assert.deepEqual(await texts(), ["told", "v5", "v6"].map(hashText));
  await keepVersion(folder, "v7", { atMs: 7 * day, maxAgeMs: 1.5 * day });
  assert.deepEqual(await texts(), ["v6", "v7"].map(hashText));
});

test("a version that the first release packed with gzip is still had back", async () => {
  const folder = fresh();
  const text = "written long ago\n";
  const name = `000000000000005-${text.length}-${hashText(text)}.gz`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), gzipSync(text));
  assert.equal((await getVersion(folder, hashText(text)))?.toString(), text);
  assert.equal(await keepVersion(folder, text, { atMs: 5 + 86_400_000 }), hashText(text));
  assert.equal((await getVersion(folder, hashText(text)))?.toString(), text);
  assert.equal((await listVersions(folder))[0]?.atMs, 5 + 86_400_000);
});
