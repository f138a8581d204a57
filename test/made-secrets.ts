// Secrets of every kind that nightlab knows, made from a seed: none of them is written down here,
// and none opens anything.
import * as fc from "./properties.ts";

const DIGITS = "0123456789";
const SMALL = "abcdefghijklmnopqrstuvwxyz";
const LETTERS = SMALL + SMALL.toUpperCase();
const HEX = "0123456789abcdef";

const text = (chars: string, length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from(chars)), { minLength: length, maxLength: length })
    .map((all) => all.join(""));

/** As random as a generator of keys makes them: with digits, and no two letters in a row alike. */
const random = (chars: string, length: number): fc.Arbitrary<string> =>
  text(chars, length).filter(
    (made) =>
      (made.match(/\d/g)?.length ?? 0) >= 2 &&
      /[A-Za-z]/.test(made) &&
      !/(?:your|example|dummy|x{4}|0{8})/i.test(made) &&
      changes(made) * 4 >= made.length - 1,
  );

const kindOf = (char: string): number => (/\d/.test(char) ? 0 : /[a-z]/.test(char) ? 1 : 2);
const changes = (made: string): number =>
  Array.from(made).filter((char, i) => i > 0 && kindOf(char) !== kindOf(made[i - 1] ?? "")).length;

const words = LETTERS + DIGITS;

/** A secret that shows by its form alone, wherever it stands. */
export const TOKENS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  GitHub: random(words, 36).map((made) => `ghp_${made}`),
  "GitHub, fine-grained": random(words, 60).map((made) => `github_pat_${made}`),
  GitLab: random(words, 20).map((made) => `glpat-${made}`),
  "Hugging Face": text(LETTERS, 34).map((made) => `hf_${made}`),
  "Weights & Biases": random(words, 70).map((made) => `wandb_v1_${made}`),
  Kaggle: random(HEX, 32).map((made) => `KGAT_${made}`),
  OpenAI: random(words, 48).map((made) => `sk-proj-${made}Z1`),
  AWS: random(SMALL.toUpperCase() + DIGITS, 16).map((made) => `AKIA${made}`),
  Google: random(words, 35).map((made) => `AIza${made}`),
  Slack: random(words, 24).map((made) => `xoxb-1234-${made}`),
  Telegram: fc
    .tuple(text("123456789", 10), random(words, 33))
    .map(([bot, made]) => `${bot}:AA${made}`),
  Neptune: random(words, 80).map((made) => `eyJhcGlf${made}`),
};

/** A secret that shows by the name that it is given to. */
export const NAMED: Readonly<Record<string, fc.Arbitrary<readonly [string, string]>>> = {
  WANDB_API_KEY: random(HEX, 40).map((made) => ["WANDB_API_KEY", made]),
  COMET_API_KEY: random(words, 25).map((made) => ["COMET_API_KEY", made]),
  KAGGLE_KEY: random(HEX, 32).map((made) => ["KAGGLE_KEY", made]),
  MY_TOKEN: random(words, 24).map((made) => ["MY_TOKEN", made]),
  AWS_SECRET_ACCESS_KEY: random(words, 40).map((made) => ["AWS_SECRET_ACCESS_KEY", made]),
  DB_PASSWORD: random(words, 12).map((made) => ["DB_PASSWORD", made]),
};

export const token: fc.Arbitrary<string> = fc.oneof(...Object.values(TOKENS));
export const named: fc.Arbitrary<readonly [string, string]> = fc.oneof(...Object.values(NAMED));

/** A private key in PEM, of lines of 64 characters. */
export const privateKey: fc.Arbitrary<string> = fc
  .array(random(`${words}+/`, 64), { minLength: 3, maxLength: 6 })
  .map((lines) => {
    const kind = "PRIVATE KEY";
    return `-----BEGIN RSA ${kind}-----\n${lines.join("\n")}\n-----END RSA ${kind}-----\n`;
  });
