// A stand-in for `nvidia-smi`: a program of that name, which prints what a file beside it says.
// Its texts are what real drivers print; the tests change the file while a daemon runs.
import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface StandIn {
  /** An environment whose PATH finds it first. */
  readonly env: NodeJS.ProcessEnv;
  /** Sets what it prints for each GPU, in MiB of memory or the driver's own word. */
  readonly say: (memory: readonly (number | string)[]) => void;
  /** It prints this and leaves with a code. */
  readonly fail: (text: string, code: number) => void;
}

export const uuidOf = (index: number): string => `GPU-5a0c5e3${index}-13d6-1a4c-9f4e-2b7f1d0e6c3a`;

/** Made in `folder`, with as many GPUs as `say` names. */
export function standIn(folder: string, memory: readonly (number | string)[]): StandIn {
  const bin = join(folder, "driver");
  mkdirSync(bin, { recursive: true });
  const program = join(bin, "nvidia-smi");
  const answer = join(bin, "answer.sh");
  writeFileSync(program, `#!/bin/sh\n. '${answer}'\n`);
  chmodSync(program, 0o755);
  /** Whole or not at all: the program may be running. */
  const put = (text: string): void => {
    writeFileSync(`${answer}.new`, text);
    renameSync(`${answer}.new`, answer);
  };
  const say: StandIn["say"] = (each) => {
    const rows = (line: (index: number, memory: number | string) => string): string =>
      each.map((one, index) => `    echo '${line(index, one)}'`).join("\n");
    put(
      `case "$1" in
  --query-gpu=index,*)
${rows((index, one) => `${index}, ${uuidOf(index)}, NVIDIA H100 80GB HBM3, ${one}`)} ;;
  --query-gpu=uuid,name,*)
${rows((index) => `${uuidOf(index)}, NVIDIA H100 80GB HBM3, 550.54.15`)} ;;
  --query-gpu=uuid,util*)
${rows((index, one) => `${uuidOf(index)}, 37, ${one}, 81559, ${index}, NVIDIA H100 80GB HBM3`)} ;;
esac
`,
    );
  };
  say(memory);
  return {
    env: {
      PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`,
      NIGHTLAB_GPU_LOCKS: join(folder, "gpu-locks"),
    },
    say,
    fail: (text, code) => put(`echo "${text}"\nexit ${code}\n`),
  };
}
