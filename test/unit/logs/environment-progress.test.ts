// What uv prints while it builds an environment, as one line for a person.
import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentProgress } from "../../../src/logs/environment-progress.ts";

test("downloads are told by what is there of all of them", () => {
  const output = `Creating script environment at: /cache/t
Resolved 3 packages in 368ms
Downloading numpy (16.1MiB)
Downloading pillow (6.8MiB)
 Downloaded pillow
`;
  assert.equal(environmentProgress(output), "downloading 6.8 of 22.9 MiB (numpy)");
  const large = output.replace("16.1MiB", "2.0GiB").replace(" Downloaded pillow\n", "");
  assert.equal(environmentProgress(large), "downloading 0.0 of 2.0 GiB (numpy, pillow)");
});

test("before and after downloads the last line is told, whatever its colours", () => {
  assert.equal(environmentProgress(""), "resolving");
  assert.equal(
    environmentProgress("\u001B[2mResolved 3 packages in 1s\u001B[0m\r\n"),
    "Resolved 3 packages in 1s",
  );
  const whole = "Downloading numpy (16.1MiB)\n Downloaded numpy\nPrepared 1 package in 3s\n";
  assert.equal(environmentProgress(whole), "Prepared 1 package in 3s");
  assert.equal(
    environmentProgress("Downloading x (1.0MiB)\nDownloading"),
    "downloading 0.0 of 1.0 MiB (x)",
  );
});
