/** A word that something was done; it goes by itself. */

import { signal } from "@preact/signals";

const STAYS_MS = 4_000;

export const toast = signal<string | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(said: string): void {
  toast.value = said;
  clearTimeout(timer);
  timer = setTimeout(() => (toast.value = null), STAYS_MS);
}
