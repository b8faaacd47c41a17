/** The service worker: what makes the phone open without a line, and how a new version is offered. */

import { signal } from "@preact/signals";

/** A version that is ready and waits for the person's word. */
export const ready = signal<ServiceWorker | null>(null);

interface Policy {
  createScriptURL(url: string): string;
}
type Factory = { createPolicy(name: string, rules: Policy): Policy };

/** The one script that may be named by text: the page's own service worker. */
function workerUrl(): string {
  const url = "/phone/sw.js";
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  if (!factory) return url;
  const allow = (asked: string): string => {
    if (asked !== url) throw new TypeError(`no such worker: ${asked}`);
    return asked;
  };
  return factory.createPolicy("xunjian", { createScriptURL: allow }).createScriptURL(url);
}

export async function register(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const container = navigator.serviceWorker;
  const registration = await container.register(workerUrl());
  const offer = (): void => {
    // The very first worker replaces nothing and needs nobody's word.
    if (registration.waiting && registration.active) ready.value = registration.waiting;
  };
  offer();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", offer);
  });
  container.addEventListener("controllerchange", () => {
    if (taken) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") registration.update().catch(() => {}); // no line: another time
  });
}

let taken = false;

/** The person says so: the new version takes over, and the page comes back as it stood. */
export function takeOver(): void {
  taken = true;
  ready.value?.postMessage("take-over");
}
