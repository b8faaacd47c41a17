/** The end of this phone as a device: work goes home or is carried out by hand, then all goes, then it is reported. */

import type { WipeOrder } from "../sync/answers.ts";
import { letGoOfTheirs, remaining } from "../sync/leaving.ts";
import { HttpLine, NoLine, Refused } from "../sync/line.ts";
import { drop, Tables } from "../sync/tables.ts";
import { device, ordered, unreported, WIPED } from "./device.ts";
import { exit, house } from "./house.ts";
import { database, forgetAll, people, type User } from "./people.ts";
import { KEY as LANGUAGE, language } from "./words.ts";

const PREFIX = "xunjian";
const AGAIN_MS = 30_000;

export interface Left {
  user: User;
  /** Things that are nowhere but here. */
  n: number;
}

async function within<T>(user: User, work: (db: Tables) => Promise<T>): Promise<T> {
  const db = new Tables(database(user));
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** What everybody who has worked here still has here alone. */
export const everybodys = (): Promise<Left[]> =>
  Promise.all(people().map(async ({ user }) => ({ user, n: await within(user, remaining) })));

/** Do of an order what needs nobody's word: nothing goes that is not home. */
export async function carryOut(order: WipeOrder | null): Promise<void> {
  // Revoked: what the house told is not for whoever holds this phone now.
  if (!order?.push_first) for (const { user } of people()) await within(user, letGoOfTheirs);
  if (order && (await everybodys()).every(({ n }) => n === 0)) await wipe(order.order, 0);
}

/** All goes, and the house is told. Put down first: cut off anywhere, it goes on when the phone is opened again. */
export async function wipe(order: string, unsent: number): Promise<void> {
  localStorage.setItem(WIPED, JSON.stringify({ order, unsent }));
  unreported.value = true;
  await finish();
}

/** Go on with a wipe that was begun. */
export async function finish(): Promise<void> {
  if (house.value) exit();
  await drop(`${PREFIX}-`);
  forgetAll();
  sessionStorage.clear();
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && ![LANGUAGE, WIPED].includes(name)) localStorage.removeItem(name);
  }
  await report();
}

let reporting: Promise<boolean> | null = null;
/** Tell the house of a wipe that it does not know of yet, once for all who ask meanwhile; whether none is left. */
export const report = (): Promise<boolean> => (reporting ??= tellOfIt().finally(() => (reporting = null)));

async function tellOfIt(): Promise<boolean> {
  const said = localStorage.getItem(WIPED);
  if (!said) return true; // another tab was first
  const { order, unsent } = JSON.parse(said) as { order: string; unsent: number };
  const here = await device();
  try {
    await here.wiped(new HttpLine("", () => language.value), order, unsent);
  } catch (wrong) {
    const later =
      wrong instanceof NoLine || (wrong instanceof Refused && wrong.remedy === "retry" && wrong.status !== 401);
    if (later) {
      setTimeout(() => void report(), AGAIN_MS);
      return false;
    }
    // Who refuses it for good knows nothing of this order any more: there is nobody left to tell.
  }
  if (localStorage.getItem(WIPED) === said) {
    await here.forget(); // first: cut off here, it is refused the next time for want of a key, and done
    localStorage.removeItem(WIPED);
    ordered(null);
  }
  unreported.value = false;
  return true;
}
