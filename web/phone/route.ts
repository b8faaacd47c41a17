/** Where the person is: a hash, so that any host app's WebView can show it; kept over a killed page. */

import { signal } from "@preact/signals";

import { codeIn, offered } from "./device.ts";

const LAST = "xunjian.route";

const read = (): string => location.hash.replace(/^#/, "") || "/";

/** A code for this phone stands in the address only until the page has seen it: it must be in no history. */
function takeCode(): void {
  const code = codeIn(location.hash);
  if (!code || !location.hash.startsWith("#enrol=")) return;
  offered.value = code;
  history.replaceState(null, "", "#/");
}
takeCode();

// The system camera often kills the page on weak phones: the same place opens again.
if (!location.hash) {
  const last = sessionStorage.getItem(LAST);
  if (last) history.replaceState(null, "", `#${last}`);
}

export const route = signal(read());

addEventListener("hashchange", () => {
  takeCode();
  route.value = read();
  sessionStorage.setItem(LAST, route.value);
  scrollTo(0, 0);
});

export function go(to: string, replace = false): void {
  if (replace) location.replace(`#${to}`);
  else location.hash = to;
}

/** The parts of the route after its first word: `/issues/project:a/0192…` → ["issues", "project:a", "0192…"]. */
export const parts = (at: string): string[] =>
  at.split("?")[0]?.split("/").filter(Boolean).map(decodeURIComponent) ?? [];

export const path = (...named: string[]): string => `/${named.map(encodeURIComponent).join("/")}`;

export const query = (at: string): URLSearchParams => new URLSearchParams(at.split("?")[1] ?? "");
