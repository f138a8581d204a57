// A real browser for tests of pages: Chromium without a window, driven by its own protocol.
// Where there is none it is brought by apt, as root on Debian; elsewhere there is none.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Page {
  /** What the page's script gives for an expression. */
  readonly ask: <T>(expression: string) => Promise<T>;
  /** Waits until an expression is true there. */
  readonly until: (expression: string) => Promise<void>;
  readonly mouse: (
    type: "mouseMoved" | "mousePressed" | "mouseReleased",
    x: number,
    y: number,
  ) => Promise<void>;
  readonly scheme: (scheme: "light" | "dark") => Promise<void>;
  /** Errors of the page, and everything that it asked the network for. */
  readonly troubles: readonly string[];
}

export interface Browser {
  readonly open: (url: string) => Promise<Page>;
  readonly close: () => Promise<void>;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const PATIENCE_MS = 30_000;

/** Starts one; undefined where none can be had. */
export async function openBrowser(): Promise<Browser | undefined> {
  const program = find() ?? brought();
  if (program === undefined) return undefined;
  const home = mkdtempSync(join(tmpdir(), "nightlab-chromium-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
  const child = spawn(program, [...flags, `--user-data-dir=${home}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const port = new URL(await spoken(child)).port;
  return {
    open: async (url) => openPage(await pageOf(port), url),
    async close() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function find(): string | undefined {
  return NAMES.find((name) => {
    try {
      execFileSync("which", [name], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

function apt(...words: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", words, { stdio: "ignore", timeout: 240_000, env });
}

function brought(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const install = ["install", "-y", "--no-install-recommends", "chromium"];
  try {
    apt(...install);
  } catch {
    try {
      apt("update");
      apt(...install);
    } catch {
      return undefined;
    }
  }
  return find();
}

/** The address that it says on its way up. */
function spoken(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const late = setTimeout(() => reject(new Error(`no browser: ${text}`)), PATIENCE_MS);
    child.stderr?.on("data", (data: Buffer) => {
      text += data.toString();
      const address = /ws:\/\/\S+/.exec(text)?.[0];
      if (address === undefined) return;
      clearTimeout(late);
      resolve(address);
    });
    child.once("exit", () => reject(new Error(`the browser ended: ${text}`)));
  });
}

async function pageOf(port: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: "PUT" });
  const tab = (await answer.json()) as { readonly webSocketDebuggerUrl: string };
  return tab.webSocketDebuggerUrl;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: object;
  };
}

async function openPage(address: string, url: string): Promise<Page> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (reply: Reply) => void>();
  const troubles: string[] = [];
  socket.addEventListener("message", ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    const trouble = troubleOf(reply, url);
    if (trouble !== undefined) troubles.push(trouble);
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  let last = 0;
  const send = (method: string, params: object = {}): Promise<Reply> =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  const ask = async <T>(expression: string): Promise<T> => {
    const { result } = await send("Runtime.evaluate", { expression, returnByValue: true });
    if (result?.exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(result.exceptionDetails)}`);
    }
    return result?.result?.value as T;
  };
  const until = async (expression: string): Promise<void> => {
    const deadline = performance.now() + PATIENCE_MS;
    while ((await ask(expression)) !== true) {
      const said = `${expression} is not so; ${troubles.join("; ")}`;
      if (performance.now() > deadline) throw new Error(said);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  for (const domain of ["Runtime", "Log", "Page", "Network"]) await send(`${domain}.enable`);
  const size = { width: 1_280, height: 900, deviceScaleFactor: 1, mobile: false };
  await send("Emulation.setDeviceMetricsOverride", size);
  await send("Page.navigate", { url });
  return {
    ask,
    until,
    troubles,
    async mouse(type, x, y) {
      const pressed = type === "mouseMoved" ? {} : { clickCount: 1 };
      await send("Input.dispatchMouseEvent", { type, x, y, button: "left", ...pressed });
    },
    async scheme(scheme) {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await send("Emulation.setEmulatedMedia", { features });
    },
  };
}

function troubleOf({ method, params }: Reply, url: string): string | undefined {
  const level = (params?.["entry"] as { readonly level?: string } | undefined)?.level;
  if (method === "Runtime.exceptionThrown" || level === "error") return JSON.stringify(params);
  if (method !== "Network.requestWillBeSent") return undefined;
  const asked = (params?.["request"] as { readonly url?: string } | undefined)?.url;
  return asked === url ? undefined : `asked for ${asked}`;
}
