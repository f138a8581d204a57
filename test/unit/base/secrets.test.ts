import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSecretValue, masked, secretsIn } from "../../../src/base/secrets.ts";
import { code, plain, quotation } from "../../../src/base/markdown.ts";
import { codeSpan, plainLine, proseText } from "../../../src/base/markdown-text.ts";
import { brief } from "../../../src/settings/written-values.ts";
import { NAMED, privateKey, token, TOKENS } from "../../made-secrets.ts";
import * as fc from "../../properties.ts";

/** Longest beginning of a token that is shown: `github_pat_`. */
const PREFIX_CHARS = 11;

/** Texts in which a token may stand. */
const AROUND: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => `run: full --hub ${secret} --lr 3e-4`,
  (secret) => `login("${secret}")`,
  (secret) => `{"a": "${secret}", "b": 1}`,
  (secret) => `see https://host/${secret}/x`,
  (secret) => `ein Wort: ä${secret}ö`,
];

/** Ways in which a name is given its value. */
const GIVEN: readonly ((name: string, secret: string) => string)[] = [
  (name, secret) => `${name}=${secret}`,
  (name, secret) => `export ${name}='${secret}'\nnext=1`,
  (name, secret) => `${name} = "${secret}"  # mine`,
  (name, secret) => `${name}: str = "${secret}"`,
  (name, secret) => `${name.toLowerCase()}: ${secret}`,
  (name, secret) => `{"${name}": "${secret}"}`,
  (name, secret) => `{\\"${name}\\": \\"${secret}\\"}`,
  (name, secret) => `os.environ["${name}"] = "${secret}"`,
  (name, secret) => `env=${name}=${secret}`,
  (name, secret) => `--${name.toLowerCase().replaceAll("_", "-")} ${secret} --lr 1`,
  (name, secret) => `["--${name.toLowerCase()}", "${secret}"]`,
  (name, secret) => `f(${name.toLowerCase()}='${secret}', lr=1)`,
];

describe("secrets", () => {
  for (const [kind, secret] of Object.entries(TOKENS)) {
    it(`of ${kind} are masked by their form, wherever they stand`, () => {
      fc.assert(
        fc.property(secret, fc.constantFrom(...AROUND), (made, around) => {
          const text = masked(around(made));
          assert.ok(!text.includes(made), text);
          assert.match(text, /\*{4}/);
          assert.equal(masked(text), text, "once masked, it stays as it is");
        }),
      );
    });
  }

  for (const [name, pair] of Object.entries(NAMED)) {
    it(`given to ${name} are masked, however they are given`, () => {
      fc.assert(
        fc.property(pair, fc.constantFrom(...GIVEN), ([, made], given) => {
          const text = masked(given(name, made));
          assert.ok(!text.includes(made), text);
          assert.ok(text.toUpperCase().replaceAll("-", "_").includes(name), "the name stays");
          assert.equal(masked(text), text);
          assert.ok(isSecretValue(name, made));
        }),
      );
    });
  }

  it("in a private key are masked to its end, in a file and in a string", () => {
    fc.assert(
      fc.property(privateKey, fc.boolean(), (made, written) => {
        const text = written ? `k = "${made.replaceAll("\n", "\\n")}"` : `a\n${made}b\n`;
        for (const line of made.split("\n").slice(1, -2)) {
          assert.ok(!masked(text).includes(line), masked(text));
        }
      }),
    );
  });

  it("show a recognisable beginning at most", () => {
    const made = `ghp_${"a1B2".repeat(9)}`;
    assert.equal(masked(`--token ${made} --lr 1`), "--token ghp_**** --lr 1");
    assert.equal(masked("--password hunter2"), "--password ****");
    assert.equal(masked("https://me:hunter2@host/x"), "https://me:****@host/x");
    const key = "1f0c9a3b5d7e9f1a2b3c".repeat(2);
    assert.equal(masked(`wandb.login(key="${key}")`), 'wandb.login(key="****")');
    assert.equal(masked(`wandb login ${key}`), "wandb login ****");
    assert.equal(masked(`machine api.wandb.ai login user password ${key}`).includes(key), false);
  });

  it("are masked before a text is cut, escaped or quoted", () => {
    fc.assert(
      fc.property(token, fc.nat(120), fc.lorem({ maxCount: 8 }), (made, most, words) => {
        const text = `${words} ${made} ${words}`;
        const rest = made.slice(PREFIX_CHARS);
        for (const shown of [
          plainLine(text, most),
          proseText(text),
          codeSpan(text),
          plain(text),
          code(text),
          quotation(`${text}\n${text}`),
          brief(text),
        ]) {
          for (let length = 4; length <= rest.length; length += 4) {
            const part = rest.slice(0, length);
            if (/\d/.test(part)) assert.ok(!shown.includes(part), shown);
          }
        }
      }),
    );
  });

  it("are no values of names that name something else", () => {
    for (const [name, value] of [
      ["--pass", "stage2"],
      ["--s3-key", "data/cifar10/v2/train2012/x1/val"],
      ["--comet-experiment-key", "e2532a362cbc42d9b8d41c2510619707"],
      ["PUBLIC_KEY", "a1B2c3D4e5F6g7H8i9J0"],
    ] as const) {
      assert.ok(!isSecretValue(name, value), name);
    }
  });

  it("are not seen in code and commands that hold none", () => {
    for (const line of [
      "max_tokens=512",
      "--max-tokens 4096",
      "sorted(runs, key=lambda run: run.step)",
      'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")',
      'tokenizer="meta-llama/Llama-3.1-8B-Instruct"',
      'KEYS = ["a"]',
      'os.environ["HF_TOKEN"]',
      'token = os.environ.get("HF_TOKEN", "")',
      "api_key=os.environ['OPENAI_API_KEY']",
      "HF_TOKEN=$HF_TOKEN",
      "HF_TOKEN=${{ secrets.HF_TOKEN_2024_ABCDEF }}",
      'parser.add_argument("--hub-token", type=str, default=None, help="the token of 2024")',
      'token: "your_token_here_1234567890abc"',
      "--pad-token <|endoftext|>",
      "--eos-token </s> --key-dim 64 --num-key-value-heads 8",
      'key = "model.layers.12.self_attn.k_proj.weight"',
      'cache_key = "features_v2_2024_train_split_0001"',
      'state_dict_key="WordsWith2Capitals"',
      "password: str | None = None",
      'password = getpass.getpass("Password 123: ")',
      "commit 1f0c9a3b5d7e9f1a2b3c4d5e6f708192a3b4c5d6",
      "wandb @ git+https://github.com/wandb/wandb@1f0c9a3b5d7e9f1a2b3c4d5e6f708192a3b4c5d6",
      "postgres://user:password@localhost/db",
      "-----BEGIN PRIVATE KEY-----",
      "sk-learn-0.24-has-many-words-in-it",
      "--run-id 2024-11-23T14-30-00-de-risk --hash sha256",
      "key == 'a1B2c3D4e5F6g7H8i9J0'",
      "secret_sauce: 0.1",
      "--s3-key data/cifar10/v2/train2012/x1/val --passes stage2",
      "--experiment-key e2532a362cbc42d9b8d41c2510619707",
      '"cache_key": "1f0c9a3b5d7e9f1a2b3c4d5e6f708192"',
      "NextToken=bcd2f1b8-9a78-44d3-8a7a-4dd07d7cf635",
      "api_key_file: /run/secrets/a1B2c3D4e5F6g7H8i9J0",
      "keep the token small: 12 of them",
    ]) {
      assert.deepEqual(secretsIn(line), [], line);
    }
  });

  it("of a long text are found in time that grows with its length", () => {
    for (const shape of [
      "key",
      "token=",
      "a.b_c-",
      "eyJ",
      "ghp_a",
      '"',
      "BEGIN ",
      "://a:b",
      "_key_",
      "key:'a",
    ]) {
      const cost = (length: number): number => {
        const text = shape.repeat(Math.ceil(length / shape.length));
        const from = process.cpuUsage().user;
        secretsIn(text);
        return process.cpuUsage().user - from;
      };
      cost(20_000);
      const [once, twice] = [cost(100_000), cost(200_000)];
      assert.ok(twice < 3 * once + 40_000, `${shape}: ${once} µs, doubled ${twice} µs`);
    }
  });
});
