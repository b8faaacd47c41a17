/** Keys: each is declared with what it does where it works, and the list behind `?` is made of these. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import type { Word } from "./words.ts";

export interface Key {
  /** As `KeyboardEvent.key` names them; the first is shown. */
  keys: readonly string[];
  does: Word;
  act: (event: KeyboardEvent) => void;
}

const sets = signal<readonly (readonly Key[])[]>([]);
export const working = (): Key[] => sets.value.flat();

/** These keys work while the part that declares them is on the screen. */
export function useKeys(keys: readonly Key[], given: readonly unknown[] = []): void {
  useEffect(() => {
    sets.value = [...sets.peek(), keys];
    return () => void (sets.value = sets.peek().filter((set) => set !== keys));
  }, given);
}

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (!(target instanceof Element)) return;
  const typing = target.matches("input:not([type=checkbox]), select, textarea");
  if (typing) {
    if (key === "Escape" && target instanceof HTMLElement) target.blur();
    return;
  }
  // In the reading pane the arrows scroll.
  if (key.startsWith("Arrow") && target.closest("#detail")) return;
  const found = working().find(({ keys }) => keys.includes(key));
  if (!found) return;
  event.preventDefault();
  found.act(event);
});
