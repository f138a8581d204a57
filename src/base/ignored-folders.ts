// Folders that are never searched for experiments. `nightlab new` refuses to create one there.

const IGNORED = new Set(["runs", "node_modules", "__pycache__", "venv", "wandb", "mlruns"]);

/** Whether the search for journals skips a folder of this name. */
export function isIgnoredFolder(folder: string): boolean {
  return folder.startsWith(".") || IGNORED.has(folder);
}
