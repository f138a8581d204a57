// Folders in which no experiment is ever looked for.
// How deep and when is looked is the watcher's; making one there is refused by `nightlab new`.

const PASSED = new Set(["runs", "node_modules", "__pycache__", "venv", "wandb", "mlruns"]);

/** Whether the search for journals passes a folder of this name by. */
export function isIgnoredFolder(folder: string): boolean {
  return folder.startsWith(".") || PASSED.has(folder);
}
