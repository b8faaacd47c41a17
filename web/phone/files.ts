/** Handing files to the person: what leaves the phone by hand leaves it here. */

import type { User } from "./people.ts";

const READ_MS = 60_000; // the browser reads it meanwhile

/** Save a file under a name. */
export function handOver(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}

/** The name of a file of somebody's work: whose it is, and when it was made. */
export const workName = ({ username }: User, at: Date, suffix: string): string =>
  `xunjian-${username}-${at.toISOString().slice(0, 19).replaceAll(":", "")}.${suffix}`;
