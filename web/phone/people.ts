/** Who has worked on this phone: each with a database of their own and a sign-in under their own code. */

import type { SignedIn } from "../sync/line.ts";
import { uuid7 } from "../sync/ids.ts";
import { type Sealed, seal, unseal } from "./vault.ts";

export type User = NonNullable<SignedIn["user"]>;

export interface Person {
  user: User;
  /** null after signing out, or after too many wrong codes: then only a password opens it. */
  sealed: Sealed | null;
  wrong: number;
}

const PEOPLE = "xunjian.people";
const DEVICE = "xunjian.device";
const OPEN = "xunjian.open"; // this tab's, until the browser is closed: a killed page must not ask again
const TRIES = 8;

export function device(): string {
  const known = localStorage.getItem(DEVICE);
  if (known) return known;
  const made = `phone-${uuid7().slice(-12)}`;
  localStorage.setItem(DEVICE, made);
  return made;
}

export const people = (): Person[] => JSON.parse(localStorage.getItem(PEOPLE) ?? "[]") as Person[];

function put(person: Person): void {
  const others = people().filter((other) => other.user.id !== person.user.id);
  localStorage.setItem(PEOPLE, JSON.stringify([person, ...others]));
}

export interface Opened {
  user: User;
  token: string;
}

export async function keep({ user, token }: Opened, pin: string): Promise<void> {
  put({ user, sealed: await seal(token, pin), wrong: 0 });
  sessionStorage.setItem(OPEN, JSON.stringify({ user, token }));
}

/** The sign-in under `pin`, or how many tries are left; at 0 only a password opens it. */
export async function unlock(person: Person, pin: string): Promise<Opened | number> {
  const token = person.sealed && (await unseal(person.sealed, pin));
  if (token) {
    put({ ...person, wrong: 0 });
    const opened = { user: person.user, token };
    sessionStorage.setItem(OPEN, JSON.stringify(opened));
    return opened;
  }
  const wrong = person.wrong + 1;
  put({ ...person, wrong, sealed: wrong < TRIES ? person.sealed : null });
  return Math.max(0, TRIES - wrong);
}

export const opened = (): Opened | null => JSON.parse(sessionStorage.getItem(OPEN) ?? "null") as Opened | null;

export const lock = (): void => sessionStorage.removeItem(OPEN);

/** The person leaves; their work stays in their database. */
export function leave(user: User): void {
  lock();
  const person = people().find((other) => other.user.id === user.id);
  if (person) put({ ...person, sealed: null });
}
