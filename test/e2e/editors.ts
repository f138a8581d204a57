// How a person types, saves and answers in each editor that editors.test.ts opens.
// What must hold meanwhile stands in the test.

export interface Dialogue {
  readonly asks: RegExp;
  /** Keys of a person who wants their own text kept. */
  readonly answer: readonly string[];
}

export interface Editor {
  readonly name: string;
  readonly program: string;
  readonly argv: (file: string, home: string) => readonly string[];
  /** The screen once it is ready for keys. */
  readonly ready: RegExp;
  /** From anywhere to a new line at the end of the text, ready to type. */
  readonly toEnd: readonly string[];
  /** A key that begins a new line while typing. */
  readonly newLine: string;
  /** Back from typing. */
  readonly rest: readonly string[];
  /** Nothing where the editor saves by itself. */
  readonly save: readonly string[];
  /** It leaves a mark beside the file while it holds unsaved changes. */
  readonly locks: boolean;
  readonly dialogues: readonly Dialogue[];
}

const VIM_DIALOGUES: readonly Dialogue[] = [
  { asks: /Do you really want to write to it \(y\/n\)\?/, answer: ["y"] },
  { asks: /\[O\]K, \(L\)oad File/, answer: ["O"] },
  { asks: /Press ENTER or type command/, answer: ["Enter"] },
];

function vim(name: string, program: string, commands: readonly string[]): Editor {
  return {
    name,
    program,
    argv: (file) => [program, "--clean", ...commands.flatMap((one) => ["-c", one]), file],
    ready: /JOURNAL\.md/,
    toEnd: ["G", "o"],
    newLine: "Enter",
    rest: ["Escape"],
    save: [":", "w", "Enter"],
    locks: true,
    dialogues: VIM_DIALOGUES,
  };
}

function emacs(name: string, lisp: string): Editor {
  return {
    name,
    program: "emacs",
    argv: (file) => ["emacs", "-nw", "-Q", "--eval", lisp, file],
    ready: /JOURNAL\.md/,
    toEnd: ["M->", "Enter"],
    newLine: "Enter",
    rest: [],
    save: ["C-x", "C-s"],
    locks: true,
    dialogues: [
      // Asked by a timer it is a menu.
      { asks: /Save anyway\?\s+>/, answer: ["Enter"] },
      { asks: /changed on disk; really edit the buffer\?/, answer: ["y"] },
      {
        asks: /has changed since visited or saved\.\s+Save anyway\? \(yes or no\)/,
        answer: ["y", "e", "s", "Enter"],
      },
    ],
  };
}

export const EDITORS: readonly Editor[] = [
  vim("vim, backupcopy=no", "vim", ["set backupcopy=no backup backupdir=."]),
  vim("vim, backupcopy=yes", "vim", ["set backupcopy=yes"]),
  {
    ...vim("vim that saves by itself", "vim", [
      "set autowriteall updatetime=300",
      "autocmd CursorHold,CursorHoldI * silent! update",
    ]),
    save: [],
  },
  {
    ...vim("neovim", "nvim", []),
    // The place of its swap files since 0.8; an older one has them elsewhere in the home folder.
    argv: (file) => {
      const directory = "set directory=$XDG_STATE_HOME/nvim/swap//";
      return ["nvim", "--clean", "--cmd", directory, file];
    },
  },
  emacs("Emacs", "(setq make-backup-files t)"),
  {
    ...emacs(
      "Emacs that saves by itself",
      "(progn (setq auto-save-visited-interval 1) (auto-save-visited-mode 1))",
    ),
    save: [],
  },
  {
    name: "nano",
    program: "nano",
    // With its mark beside the file, as Debian sets it up.
    argv: (file) => ["nano", "--ignorercfiles", "--locking", file],
    ready: /GNU nano/,
    toEnd: ["M-/", "End"],
    newLine: "Enter",
    rest: [],
    save: ["C-s"],
    locks: true,
    dialogues: [
      // Told a moment before it is asked: a key then would be text.
      { asks: /continue saving/i, answer: ["y"] },
    ],
  },
  {
    name: "micro",
    program: "micro",
    argv: (file, home) => ["micro", "-config-dir", home, file],
    ready: /JOURNAL\.md/,
    toEnd: ["C-Down", "C-End"],
    newLine: "Enter",
    rest: [],
    save: ["C-s"],
    locks: false,
    dialogues: [
      { asks: /file on disk has changed\. Reload/i, answer: ["n"] },
      { asks: /overwrite|has changed.*\(y,n/i, answer: ["y"] },
    ],
  },
];
