/** RFC 3339 with the zone of Beijing, as the office reads times, to the millisecond. */
export function rfc3339(moment: Date): string {
  return `${new Date(moment.getTime() + 8 * 3_600_000).toISOString().slice(0, -1)}+08:00`;
}

/** The last server time that was seen here before any of the unsent work was made; a row of `meta`. */
export const SEEN = "seen";
