/** Exports: ask for the queue as a file, see how far it is, fetch it. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { uuid7 } from "../sync/ids.ts";
import { useAsked } from "./asking.ts";
import { file, get, post, Problem, remove, type Said } from "./house.ts";
import { Dialog, moment, saveAs, Trouble } from "./marks.tsx";
import { present } from "./queue.ts";
import { say, type Word, word } from "./words.ts";

type Export = Said<"Export">;
const FORMS = ["xlsx", "csv", "pdf"] as const;
const UNDER_WAY = ["waiting", "working"];
const POLL_MS = 1_000;

export function Exports({ onClose }: { onClose: () => void }): JSX.Element {
  const listed = useAsked((signal) => get<Said<"Exports">>("/api/v1/exports", signal), []);
  const [wrong, setWrong] = useState<unknown>(null);
  const [wish, setWish] = useState<{ id: string; form: string } | null>(null);
  const items = listed.told?.items ?? [];
  const waits = items.some((one) => UNDER_WAY.includes(one.state));
  useEffect(() => {
    const timer = waits ? setTimeout(listed.again, POLL_MS) : undefined;
    return () => clearTimeout(timer);
  }, [listed.told]);
  const ask = (asked: { id: string; form: string }): void => {
    setWish(asked); // trying again is the same wish, not a second one
    setWrong(null);
    post("/api/v1/exports", { ...asked, ...present() }).then(listed.again, setWrong);
  };
  return (
    <Dialog title={say("export")} onClose={onClose} class="exporting">
      <p class="muted">{say("exportHint")}</p>
      <div class="forms buttons">
        {FORMS.map((form) => (
          <button key={form} type="button" class="main" onClick={() => ask({ id: uuid7(), form })}>
            {say(`as-${form}`)}
          </button>
        ))}
      </div>
      <Trouble wrong={wrong ?? listed.wrong} again={wish ? () => ask(wish) : listed.again} />
      <ul class="exports" aria-live="polite">
        {items.map((one) => (
          <Line key={one.id} one={one} onChange={listed.again} onWrong={setWrong} />
        ))}
        {listed.told && !items.length && <li class="muted">{say("noExports")}</li>}
      </ul>
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}

function Line(given: { one: Export; onChange: () => void; onWrong: (wrong: unknown) => void }): JSX.Element {
  const { one, onChange, onWrong } = given;
  const [busy, setBusy] = useState(false);
  const waits = UNDER_WAY.includes(one.state);
  const state = `export-${one.state}` as Word;
  const fetchFile = async (): Promise<void> => {
    if (!one.file) return;
    setBusy(true);
    try {
      saveAs(await file(one.file), `${say("queue")}-${(one.made_at ?? "").slice(0, 10)}.${one.form}`);
    } catch (fault) {
      onWrong(fault);
    }
    setBusy(false);
  };
  const giveUp = async (): Promise<void> => {
    try {
      await remove(one.address);
    } catch (fault) {
      if (!(fault instanceof Problem && fault.status === 404)) return onWrong(fault);
    }
    onChange();
  };
  const told = waits ? say("rowsOf", { done: one.rows_done, total: one.rows_total }) : say("rows", { n: one.rows_done });
  return (
    <li>
      <p>
        <b>{say(`as-${one.form}` as Word)}</b> {say(state)}
      </p>
      {waits && <progress max={Math.max(one.rows_total, 1)} value={one.rows_done} aria-label={say(state)} />}
      <p class="muted">
        {moment(one.asked_at)} · {told}
        {one.state === "ready" && one.expires_at && ` · ${say("keptUntil", { at: moment(one.expires_at) })}`}
        {one.why && ` · ${word("why", one.why)}`}
      </p>
      <div class="buttons">
        {one.file && (
          <button type="button" disabled={busy} onClick={() => void fetchFile()}>
            {say("saveFile")}
          </button>
        )}
        <button type="button" onClick={() => void giveUp()}>
          {say(waits ? "cancel" : "dropExport")}
        </button>
      </div>
    </li>
  );
}
