/** What others write shows by itself: while the page is looked at, it asks where each journal ends. */

import { signal } from "@preact/signals";

import { me, Problem, send } from "./house.ts";

const EVERY_MS = 5_000;
const PATIENCE_MS = 60_000; // the longest pause where the house does not answer

/** dossier → the number of its newest entry. */
export const heads = signal<Readonly<Record<string, number>>>({});
/** Moves on with any of them, and once when they are first known. */
export const beat = signal(0);

let tag: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let pause = EVERY_MS;

async function ask(): Promise<void> {
  const answer = await send("/api/v1/heads", { headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status === 304) return;
  tag = answer.headers.get("ETag");
  heads.value = ((await answer.json()) as { heads: Record<string, number> }).heads;
  beat.value += 1; // the first time too: what is on the screen was asked for before, and may be older
}

async function round(): Promise<void> {
  clearTimeout(timer);
  if (document.visibilityState !== "visible" || !me()) return;
  try {
    await ask();
    pause = EVERY_MS;
  } catch (fault) {
    const wait = fault instanceof Problem ? fault.wait * 1_000 : 0;
    pause = Math.max(wait, Math.min(PATIENCE_MS, pause * 2));
  }
  timer = setTimeout(() => void round(), pause * (0.9 + 0.2 * Math.random())); // never all desks at once
}

export function follow(): void {
  document.addEventListener("visibilitychange", () => void round());
  addEventListener("online", () => void round());
  void round();
}

/** After signing in: another person sees other journals. */
export function begin(): void {
  tag = null;
  void round();
}
