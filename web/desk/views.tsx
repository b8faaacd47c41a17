/** Saved views: pick one, keep the present filters as one, let go of one. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../sync/ids.ts";
import { useAsked } from "./asking.ts";
import { get, Problem, put, remove, type Said } from "./house.ts";
import { Dialog, Ends, Trouble } from "./marks.tsx";
import { apply, present } from "./queue.ts";
import { say } from "./words.ts";

type View = Said<"SavedView">;

export function Views(): JSX.Element {
  // The list at once, the counts when they have come.
  const plain = useAsked((signal) => get<Said<"SavedViews">>("/api/v1/views?counts=false", signal), []);
  const counted = useAsked((signal) => get<Said<"SavedViews">>("/api/v1/views?counts=true", signal), []);
  const [picked, setPicked] = useState<string | null>(null);
  const [keeping, setKeeping] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const views = (counted.told ?? plain.told)?.items ?? [];
  const chosen = views.find((view) => view.id === picked) ?? null;
  const again = (): void => (plain.again(), counted.again());
  const pick = (id: string): void => {
    setPicked(id || null);
    const view = views.find((one) => one.id === id);
    if (view) void apply(view);
  };
  const drop = async (view: View): Promise<void> => {
    if (!confirm(say("dropViewAsk", { name: view.name }))) return;
    try {
      await remove(`/api/v1/views/${view.id}`);
    } catch (fault) {
      if (!(fault instanceof Problem && fault.status === 404)) return setWrong(fault);
    }
    setPicked(null);
    again();
  };
  const group = (label: string, list: View[]): JSX.Element | null =>
    list.length ? (
      <optgroup label={label}>
        {list.map((view) => (
          <option key={view.id} value={view.id}>
            {view.count ? say("viewCount", { name: view.name, ...view.count }) : view.name}
          </option>
        ))}
      </optgroup>
    ) : null;
  return (
    <>
      <select aria-label={say("view")} value={picked ?? ""} onChange={(event) => pick(event.currentTarget.value)}>
        <option value="">{say("noView")}</option>
        {group(say("ownViews"), views.filter((view) => view.mine))}
        {group(say("sharedViews"), views.filter((view) => !view.mine))}
      </select>
      <button type="button" onClick={() => setKeeping(true)}>
        {say("keepView")}
      </button>
      {chosen?.mine && (
        <button type="button" class="quiet" onClick={() => void drop(chosen)}>
          {say("dropView")}
        </button>
      )}
      <Trouble wrong={wrong ?? plain.wrong} again={again} />
      {keeping && (
        <KeepView
          over={chosen?.mine ? chosen : null}
          onKept={(view) => (setPicked(view.id), setKeeping(false), again())}
          onClose={() => setKeeping(false)}
        />
      )}
    </>
  );
}

function KeepView(given: { over: View | null; onKept: (view: View) => void; onClose: () => void }): JSX.Element {
  const [fresh] = useState(uuid7); // each press of the button again says the same
  const [name, setName] = useState(given.over?.name ?? "");
  const [shared, setShared] = useState(Boolean(given.over?.shared));
  const [wrong, setWrong] = useState<unknown>(null);
  const keep = (event: Event): void => {
    event.preventDefault();
    const id = given.over?.name === name.trim() ? given.over.id : fresh;
    put<View>(`/api/v1/views/${id}`, { name: name.trim(), shared, ...present() }).then(given.onKept, setWrong);
  };
  return (
    <Dialog title={say("keepView")} onClose={given.onClose}>
      <form onSubmit={keep}>
        <p class="muted">{say("keepHint")}</p>
        <label class="field">
          <span>{say("viewName")}</span>
          <input required maxLength={60} autofocus value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="tick">
          <input type="checkbox" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
          <span>{say("shareView")}</span>
        </label>
        <Trouble wrong={wrong} />
        <Ends onCancel={given.onClose}>
          <button class="main">{say("keepView")}</button>
        </Ends>
      </form>
    </Dialog>
  );
}
