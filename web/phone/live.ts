/** What a screen shows follows the phone's own database, whichever tab or sync changed it. */

import { signal } from "@preact/signals";
import { liveQuery } from "dexie";
import { useEffect, useState } from "preact/hooks";

/** What went wrong last and was nobody's input; shown until it is put away. */
export const trouble = signal<string | null>(null);

export function tell(wrong: unknown): void {
  trouble.value = wrong instanceof Error ? `${wrong.name}: ${wrong.message}` : String(wrong);
}

/** The answer to `ask`, asked again whenever a row that it read changes; undefined before the first. */
export function useLive<T>(ask: () => Promise<T>, given: unknown[]): T | undefined {
  const [answer, setAnswer] = useState<{ given: string; value: T } | undefined>();
  const key = JSON.stringify(given);
  useEffect(() => {
    const reading = liveQuery(ask).subscribe({ next: (value) => setAnswer({ given: key, value }), error: tell });
    return () => reading.unsubscribe();
  }, [key]);
  // What was read for another record must not stand under this one's name.
  return answer?.given === key ? answer.value : undefined;
}
