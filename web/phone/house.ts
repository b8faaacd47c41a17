/** The person at work: their replica, the line to the house, and the rhythm that brings work home. */

import { computed, signal } from "@preact/signals";

import type { WipeOrder } from "../sync/answers.ts";
import type { Enrolled } from "../sync/enrolled.ts";
import { bringHome } from "../sync/home.ts";
import { HttpLine, NoLine, Refused, retryAfterMs, type SignedIn } from "../sync/line.ts";
import { Replica } from "../sync/replica.ts";
import { type Attempt, Rhythm } from "../sync/rhythm.ts";
import { askToKeep } from "../sync/storage.ts";
import { tell } from "./live.ts";
import { device, leaving, order, ordered } from "./device.ts";
import { away, database, heard, lock, named, type Opened, opened, openedBy, renewed, type User } from "./people.ts";
import { rememberAuthors } from "./traces.ts";
import { language } from "./words.ts";

export interface House {
  user: User;
  replica: Replica;
  line: HttpLine;
  rhythm: Rhythm;
}

export type Connection = "unknown" | "online" | "offline" | "expired" | "too-old" | "revoked";

export const house = signal<House | null>(null);
export const connection = signal<Connection>("unknown");
export const syncing = signal(false);
export const lastSync = signal<Date | null>(null);
/** Share of each photograph that is on its way, from 0 to 1. */
export const uploading = signal<Record<string, number>>({});
export const me = computed(() => house.value?.user ?? null);

/** Begin to work as this person; what they kept here is there at once, with or without a line. */
export function enter({ user, token, ends, session }: Opened): void {
  rest();
  const line = new HttpLine("", () => language.value);
  const for_s = session ? { expires_in: token && ends ? (ends - Date.now()) / 1_000 : 0 } : {};
  line.hold({ ...(token && { access_token: token }), ...for_s });
  if (session) line.renewal = async () => took(line, await (await device()).renew(line, session));
  const here = named();
  const enrolled = async (): ReturnType<Enrolled["key"]> => (here.enrolled && session ? (await device()).key() : null);
  const replica = new Replica(database(user), here.id, { signs: true, enrolled });
  const rhythm = new Rhythm(() => attempt(replica, line, user), retryAfterMs);
  house.value = { user, replica, line, rhythm };
  connection.value = "unknown";
  void rhythm.now();
  void askToKeep();
}

/** A renewed sign-in: what it says of the person holds from now on, unless they have locked or left meanwhile. */
function took(line: HttpLine, told: SignedIn): SignedIn {
  const here = house.value;
  if (here?.line !== line) return told; // kept, it would let whoever opens the page next in without a code
  const now = openedBy(told);
  renewed(now);
  house.value = { ...here, user: now.user };
  return told;
}

/** The phone was out of touch for too long, and opens only for a password again; what is unsent stays. */
function lockIfAway(user: User): boolean {
  if (!away(user)) return false;
  lock();
  exit();
  return true;
}

export function exit(): void {
  rest();
  house.value = null;
}

function rest(): void {
  house.value?.rhythm.stop();
  house.value?.replica.close();
  syncing.value = false;
  uploading.value = {};
}

/** Somebody who was at work when the page was killed goes on where they were. */
export function reenter(): void {
  const known = opened();
  if (known && !lockIfAway(known.user)) enter(known);
}

/** One attempt at a time over all tabs; a tab that does not get the turn has nothing to do. */
async function attempt(replica: Replica, line: HttpLine, user: User): Promise<Attempt> {
  const work = (): Promise<Attempt> => once(replica, line, user);
  if (!navigator.locks) return work(); // right without them too: they only save the trouble
  const held = { ifAvailable: true };
  return navigator.locks.request(`${database(user)}-sync`, held, (turn) =>
    turn ? work() : { left: false, moved: false },
  );
}

async function once(replica: Replica, line: HttpLine, user: User): Promise<Attempt> {
  // What is answered to somebody who has gone says nothing about whoever is here now.
  const here = (): boolean => house.value?.replica === replica;
  if (!here()) return { left: false, moved: false };
  syncing.value = true;
  try {
    const done = await bringHome(replica, line, "", (photo, share) => {
      if (here()) uploading.value = { ...uploading.value, [photo]: share };
    });
    if (!here()) return done;
    connection.value = "online";
    lastSync.value = new Date();
    heard(user);
    ordered(replica.wipe);
    if (order.value) await (await leaving()).carryOut(order.value);
    else await rememberAuthors(replica, line);
    return done;
  } catch (fault) {
    if (!here()) throw fault;
    connection.value = standing(fault);
    if (connection.value === "revoked" && fault instanceof Refused) await revoked(fault);
    else lockIfAway(user);
    throw fault;
  } finally {
    if (here()) [syncing.value, uploading.value] = [false, {}];
  }
}

/** The house takes nothing more from here, and has said what is to become of this phone. */
export async function revoked({ details }: Refused): Promise<void> {
  ordered((details.wipe as WipeOrder | null | undefined) ?? null);
  await (await leaving()).carryOut(order.value);
}

function standing(fault: unknown): Connection {
  if (fault instanceof Refused) {
    if (fault.status === 401) return "expired";
    if (fault.remedy === "update") return "too-old";
    if (fault.code === "device-revoked") return "revoked";
    return "online";
  }
  // tus and fetch have many words for a line that is away; anything else is a fault of ours.
  if (!(fault instanceof NoLine) && !/tus|network|fetch/i.test(String(fault))) tell(fault);
  return "offline";
}

/** Something was saved, or the line may be back. */
export const soon = (): void => void house.value?.rhythm.now();

addEventListener("online", soon);
addEventListener("offline", () => {
  if (connection.value === "online") connection.value = "offline";
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") soon();
});

/** Save something and send it when there is a line; what cannot be saved is said loudly. */
export async function saving<T>(work: (replica: Replica) => Promise<T>): Promise<T> {
  const { replica } = atWork();
  const result = await work(replica);
  soon();
  return result;
}

export function atWork(): House {
  const known = house.value;
  if (!known) throw new Error("nobody is at work");
  return known;
}

/** The roles that the person holds in a dossier, as the last sign-in told them. */
export const roles = (dossier: string): string[] =>
  (me.value?.posts ?? []).filter((post) => post.dossier === dossier).map((post) => post.role ?? "");
