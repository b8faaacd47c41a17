/** Rooms that nobody sees first: they come right after the first page, and are kept like it. */

import { signal } from "@preact/signals";

import { tell } from "./live.ts";

export type Rooms = typeof import("./screens/rooms.ts");
export const rooms = signal<Rooms | null>(null);
export const openRooms = (): void => void import("./screens/rooms.ts").then((found) => (rooms.value = found), tell);
