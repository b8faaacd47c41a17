/** Whether the page itself can show what the camera sees, and who wants a photograph just now. */

import { signal } from "@preact/signals";

export interface Sought {
  name: string;
  onTake: (file: File) => void;
  onCancel?: (() => void) | undefined;
}

export const hasCamera = signal(false);
/** The viewfinder is open for this; null where it is closed. */
export const sought = signal<Sought | null>(null);

// Whoever goes back leaves the viewfinder, and not the room behind it.
addEventListener("hashchange", () => (sought.value = null));

async function look(): Promise<void> {
  const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  hasCamera.value = found.some(({ kind }) => kind === "videoinput");
}

const again = (): void => void look().catch(() => (hasCamera.value = false));
again();
navigator.mediaDevices?.addEventListener?.("devicechange", again);
