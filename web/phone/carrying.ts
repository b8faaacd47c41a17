/** Work of somebody who is not here: packed into a file, proven to be saved, and only then let go of. */

import { canonical } from "../sync/canonical.ts";
import { contentsOf, NotTaken } from "../sync/carried.ts";
import { type Exported, exportUnsent } from "../sync/export.ts";
import { Replica } from "../sync/replica.ts";
import { drop } from "../sync/tables.ts";
import { device } from "./device.ts";
import { workName } from "./files.ts";
import { exit, house } from "./house.ts";
import { database, forget, lock, named, type User } from "./people.ts";

/** A file of somebody's work. */
export interface Packed extends Exported {
  user: User;
  name: string;
}

/** Whose work it is, as its file says. */
export const authorOf = ({ id, username, name }: User): { id: string; username: string; name: string } => ({
  ...{ id: String(id), username: String(username) },
  name: name ?? String(username),
});

async function within<T>(user: User, work: (replica: Replica) => Promise<T>): Promise<T> {
  const here = named();
  const enrolled = async (): ReturnType<Awaited<ReturnType<typeof device>>["key"]> =>
    here.enrolled ? (await device()).key() : null;
  const replica = new Replica(database(user), here.id, { signs: true, enrolled });
  try {
    return await work(replica);
  } finally {
    replica.close();
  }
}

/** All that is only here of this person's, signed as it would have been sent. */
export const pack = (user: User): Promise<Packed> =>
  within(user, async (replica) => {
    const at = replica.now();
    await replica.freeze();
    const made = await exportUnsent(replica.db, at, authorOf(user), replica.device);
    return { ...made, user, name: workName(user, at, "tar") };
  });

/**
 * Whether this holds that work and is whole, read back from where it was saved: a browser does not say whether a
 * download arrived. Photograph by photograph: two hundred are more than a phone has memory for.
 */
export async function isSaved({ user, files, file: made }: Packed, file: Blob): Promise<boolean> {
  if (file.size !== made.size) return false;
  try {
    const found = await contentsOf(file);
    return found.author.id === user.id && canonical(found.files) === canonical(files);
  } catch (wrong) {
    if (wrong instanceof NotTaken) return false;
    throw wrong;
  }
}

/**
 * Let go of what a saved file holds, and of all else that this person had here; false where more has been done since,
 * and nothing went.
 */
export async function letGo(packed: Packed): Promise<boolean> {
  const { user } = packed;
  const since = await pack(user);
  if (JSON.stringify(since.files) !== JSON.stringify(packed.files)) return false;
  if (house.value?.user.id === user.id) {
    lock();
    exit();
  }
  await drop(database(user));
  forget(user);
  return true;
}
