/** Who has worked on this phone: each with a database of their own and a sign-in under their own code. */

import type { SignedIn } from "../sync/line.ts";
import { uuid7 } from "../sync/ids.ts";
import { ended } from "./device.ts";
import { type Sealed, seal, unseal } from "./vault.ts";

export type User = NonNullable<SignedIn["user"]>;

export interface Person {
  user: User;
  /** null after signing out, or after too many wrong codes: then only a password opens it. */
  sealed: Sealed | null;
  wrong: number;
  /** When the house last answered, and the latest moment seen here: a clock that is set back wins nothing. */
  contact?: number;
  latest?: number;
  /** For how long the phone opens without the house (XUNJIAN_OFFLINE_HOURS). */
  hours?: number;
}

/** An id that the house has given or taken, and whether its device is its key (web/sync/enrolled.ts). */
interface Named {
  id: string;
  enrolled: boolean;
  shared: boolean;
}

const PEOPLE = "xunjian.people";
const DEVICE = "xunjian.device";
const ENROLLED = "xunjian.enrolled";
const OPEN = "xunjian.open"; // this tab's, until the browser is closed: a killed page must not ask again
const TRIES = 8;
const HOUR_MS = 3_600_000;

export const database = (user: User): string => `xunjian-${user.id}`;

export function named(): Named {
  const how = localStorage.getItem(ENROLLED);
  const known = localStorage.getItem(DEVICE) ?? `phone-${uuid7().slice(-12)}`;
  localStorage.setItem(DEVICE, known);
  return { id: known, enrolled: how !== null, shared: how === "shared" };
}

/** From now on this device is its key, under this id; where it has an owner, it opens to nobody else any more. */
export function enrolledAs(id: string, owner: User | null): void {
  localStorage.setItem(DEVICE, id);
  localStorage.setItem(ENROLLED, owner ? "own" : "shared");
  if (!owner) return;
  // What anybody else made here from now on could not be sent: the house lets nobody else sign in.
  for (const other of people()) if (other.user.id !== owner.id) put({ ...other, sealed: null });
}

export const people = (): Person[] => JSON.parse(localStorage.getItem(PEOPLE) ?? "[]") as Person[];

export const known = (user: User): Person | undefined => people().find((person) => person.user.id === user.id);

function put(person: Person): void {
  const others = people().filter((other) => other.user.id !== person.user.id);
  localStorage.setItem(PEOPLE, JSON.stringify([person, ...others]));
}

export interface Opened {
  user: User;
  /** null where it is to be renewed before its first use. */
  token: string | null;
  /** When the token ends, in ms of this clock; null for one that is good as long as the session. */
  ends: number | null;
  /** The session by which an enrolled device renews it; null where it cannot. */
  session: string | null;
}

/** What somebody who has signed in holds. */
export function openedBy(told: SignedIn): Opened {
  if (!told.user || !told.access_token) throw new Error("an answer without a session");
  const session = told.session ?? null;
  const ends = session ? Date.now() + (told.expires_in ?? 0) * 1_000 : null;
  return { user: told.user, token: told.access_token, ends, session };
}

const openHere = (opened: Opened): void => sessionStorage.setItem(OPEN, JSON.stringify(opened));

export async function keep(opened: Opened, pin: string, hours: number | undefined): Promise<void> {
  const { user, token, session } = opened;
  // A bound session's token is over in minutes; the session is what the code guards.
  const sealed = await seal(JSON.stringify(session ? { session } : { token }), pin);
  const now = Date.now();
  put({ user, sealed, wrong: 0, contact: now, latest: now, ...(hours && { hours }) });
  openHere(opened);
}

/** The sign-in was renewed: what it says of the person holds now, and a killed page goes on with it. */
export function renewed(opened: Opened): void {
  const person = known(opened.user);
  if (person) put({ ...person, user: opened.user });
  openHere(opened);
}

/** The house has answered this person just now. */
export function heard(user: User): void {
  const [person, now] = [known(user), Date.now()];
  if (person) put({ ...person, contact: now, latest: now });
}

/**
 * Whether the phone was out of touch for longer than it may be: then the house must see the password again. A revoked
 * one holds nothing of the house's any more, and the house refuses every password at it: its people's own codes open
 * what they made and it never took.
 */
export function away(user: User): boolean {
  if (ended.value) return false;
  const person = known(user);
  if (!person?.hours || person.contact === undefined) return false;
  const latest = Math.max(Date.now(), person.latest ?? 0);
  if (latest !== person.latest) put({ ...person, latest });
  return latest - person.contact > person.hours * HOUR_MS;
}

/** The sign-in under `pin`, or how many tries are left; at 0 only a password opens it. */
export async function unlock(person: Person, pin: string): Promise<Opened | number> {
  const said = person.sealed && (await unseal(person.sealed, pin));
  if (said) {
    put({ ...person, wrong: 0 });
    const opened = { user: person.user, ends: null, ...read(said) };
    openHere(opened);
    return opened;
  }
  const wrong = person.wrong + 1;
  put({ ...person, wrong, sealed: wrong < TRIES ? person.sealed : null });
  return Math.max(0, TRIES - wrong);
}

function read(said: string): Pick<Opened, "token" | "session"> {
  if (!said.startsWith("{")) return { token: said, session: null }; // sealed by an earlier version
  return { token: null, session: null, ...(JSON.parse(said) as Partial<Opened>) };
}

export const opened = (): Opened | null => JSON.parse(sessionStorage.getItem(OPEN) ?? "null") as Opened | null;

export const lock = (): void => sessionStorage.removeItem(OPEN);

/** The person leaves; their work stays in their database. */
export function leave(user: User): void {
  lock();
  const person = known(user);
  if (person) put({ ...person, sealed: null });
}

/** This person has not worked here. */
export function forget(user: User): void {
  localStorage.setItem(PEOPLE, JSON.stringify(people().filter((person) => person.user.id !== user.id)));
}

/** Nobody has worked here. */
export function forgetAll(): void {
  lock();
  for (const name of [PEOPLE, DEVICE, ENROLLED]) localStorage.removeItem(name);
}
