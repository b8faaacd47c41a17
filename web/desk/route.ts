/** Where the person is: a hash, so that a link can be sent to a colleague. */

import { signal } from "@preact/signals";

const read = (): string => decodeURI(location.hash.replace(/^#/, "")) || "/";

export const route = signal(read());

addEventListener("hashchange", () => (route.value = read()));

export const go = (to: string): void => void (location.hash = to);

/** The parts of the route: `/issue/0192…` → ["issue", "0192…"]. */
export const parts = (at: string): string[] => at.split("?")[0]?.split("/").filter(Boolean).map(decodeURIComponent) ?? [];

export const path = (...named: string[]): string => `#/${named.map(encodeURIComponent).join("/")}`;
