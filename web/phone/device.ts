/** This phone as a device of the house: what makes it one comes when it is needed. */

import { computed, signal } from "@preact/signals";

import type { WipeOrder } from "../sync/answers.ts";
import type { Enrolled } from "../sync/enrolled.ts";
import type { Opened } from "./people.ts";

let here: Promise<Enrolled> | undefined;
export const device = (): Promise<Enrolled> =>
  (here ??= import("../sync/enrolled.ts").then(({ Enrolled }) => new Enrolled()));

/** A code for this phone that somebody has opened or scanned; empty where one is to be scanned; null otherwise. */
export const offered = signal<string | null>(null);

/** Somebody has signed in and has still to choose this phone's code. */
export const begun = signal<{ opened: Opened; hours: number | undefined } | null>(null);

const CODE = /(?:^|#enrol=)([\w-]{16,64})$/;
export const codeIn = (said: string): string | null => CODE.exec(said.trim())?.[1] ?? null;

const ORDER = "xunjian.order";
/** The order that this device stands under; kept, so that it is explained without a line too. */
export const order = signal<WipeOrder | null>(JSON.parse(localStorage.getItem(ORDER) ?? "null") as WipeOrder | null);

/** It was revoked: nothing is taken from it any more, and no password opens it. */
export const ended = computed(() => order.value !== null && !order.value.push_first);

export function ordered(told: WipeOrder | null): void {
  if (JSON.stringify(told) === JSON.stringify(order.value)) return;
  if (told) localStorage.setItem(ORDER, JSON.stringify(told));
  else localStorage.removeItem(ORDER);
  order.value = told;
}

export const WIPED = "xunjian.wiped";
/** All went from here and the house has not heard of it yet. */
export const unreported = signal(localStorage.getItem(WIPED) !== null);
/** What ends it comes with the other rooms. */
export const leaving = (): Promise<typeof import("./leaving.ts")> =>
  import("./screens/rooms.ts").then(({ leaving }) => leaving);
