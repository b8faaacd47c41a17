/** A question to the server, held by the screen that shows the answer. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Asked<T> {
  /** The answer to the present question; the last one stays while it is asked again. */
  told: T | undefined;
  wrong: unknown;
  busy: boolean;
  again: () => void;
  /** Put an answer in place that a write brought. */
  set: (told: T) => void;
}

/** Ask now, and again when `given` or `beat` changes; what answers an older question is dropped. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, given: readonly unknown[], beat: unknown = 0): Asked<T> {
  const key = JSON.stringify(given);
  const [state, setState] = useState<{ key: string; told?: T; wrong?: unknown; busy: boolean }>({ key, busy: true });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const loading = new AbortController();
    setState((was) => (was.key === key ? { ...was, busy: true } : { key, busy: true }));
    latest.current(loading.signal).then(
      (told) => !loading.signal.aborted && setState({ key, told, busy: false }),
      (wrong: unknown) => !loading.signal.aborted && setState((was) => ({ ...was, key, wrong, busy: false })),
    );
    return () => loading.abort();
  }, [key, round, beat]);
  const again = useCallback(() => setRound((was) => was + 1), []);
  const set = useCallback((told: T) => setState({ key, told, busy: false }), [key]);
  const mine = state.key === key;
  return { told: mine ? state.told : undefined, wrong: mine ? state.wrong : undefined, busy: state.busy, again, set };
}
