// Which way a metric is better, by its name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { betterWay, splitOf } from "../../../src/logs/metric-role.ts";
import { PLAN } from "./reading.ts";

const WAYS = {
  min: "loss err-top1 top1-err val/top5_error WER test_cer perplexity FID eval/lpips mpjpe",
  max: "acc1 Prec@1 val/prec5 BLEU PSNR ssim MCC eval_matthews rougeL R2",
  unknown: "energy grad_norm lr steps Max_accuracy best_val_loss error_count",
};

for (const [way, names] of Object.entries(WAYS)) {
  test(`${way}: ${names}`, () => {
    for (const name of names.split(" ")) {
      assert.equal(betterWay(PLAN, name) ?? "unknown", way, name);
    }
  });
}

test("DEV_LOSS is of validation, as flair writes it", () => {
  assert.equal(splitOf("DEV_LOSS"), "val");
  assert.equal(splitOf("device_loss"), "none");
});
