/** Somebody was first: with the code of a new checklist, or with the next edition of one that both of them edit. */

import type { JSX } from "preact";

import type { Content } from "../checklist.ts";
import { type Difference, differences } from "../differences.ts";
import { get, type Said } from "../house.ts";
import { Dialog, Ends } from "../marks.tsx";
import { say, word } from "../words.ts";

type Checklist = Said<"Checklist">;

export interface Taken {
  title: string;
  edition: number;
  /** What it changed since the edition that ours began from; null where there is none to compare it with. */
  changes: Difference[] | null;
}

/** The editions of a code, the newest first. */
export async function editionsOf(code: string): Promise<Checklist[]> {
  const { items } = await get<Said<"Checklists">>("/api/v1/checklists");
  return items.filter((one) => one.code === code).sort((a, b) => b.edition - a.edition);
}

/** The newest edition of a checklist, and what it changed since the one before `ours`. Throws Problem. */
export async function takenBy(code: string, ours: number): Promise<Taken | null> {
  const editions = await editionsOf(code);
  const [newest, base] = [editions[0], editions.find(({ edition }) => edition < ours)];
  if (!newest) return null;
  const read = ({ id }: Checklist): Promise<Content> => get<Content>(`/api/v1/checklists/${id}`);
  const changes = base ? differences(...(await Promise.all([read(base), read(newest)]))) : null;
  return { title: newest.title, edition: newest.edition, changes };
}

/** A new checklist wants a code of its own. */
export const CodeTaken = ({ code, taken }: { code: string; taken: Taken }): JSX.Element => (
  <div class="notice wrong" role="alert">
    <strong>{say("codeTaken", { code, title: taken.title, n: taken.edition })}</strong>
    <p>{say("codeTakenNext")}</p>
  </div>
);

/** Before ours becomes the edition after a colleague's: what theirs changed, which ours does not have. */
export function EditionTaken(given: { taken: Taken; onRenumber: () => void; onClose: () => void }): JSX.Element {
  const { edition, changes } = given.taken;
  return (
    <Dialog title={say("editionTaken", { n: edition })} onClose={given.onClose}>
      <p>{say("editionTakenAsk", { n: edition, next: edition + 1 })}</p>
      {changes && (changes.length ? <Changes of={changes} /> : <p class="muted">{say("nothingChanged")}</p>)}
      <Ends onCancel={given.onClose}>
        <button type="button" class="main" onClick={given.onRenumber}>
          {say("renumber", { n: edition + 1 })}
        </button>
      </Ends>
    </Dialog>
  );
}

const Changes = ({ of }: { of: readonly Difference[] }): JSX.Element => (
  <ul class="differences">
    {of.map(({ place, what, before, after }) => (
      <li key={JSON.stringify([place, what])}>
        <b>{place.join(" › ") || say("wholeList")}</b>{" "}
        {typeof what === "string" ? say(`list-${what}`) : word("listColumn", what.column)}
        {say("colon")}
        {before && <del>{shown(what, before)}</del>} {after && <ins>{shown(what, after)}</ins>}
      </li>
    ))}
  </ul>
);

const shown = (what: Difference["what"], value: string): string =>
  typeof what !== "string" && what.column === "group" ? word("itemGroup", value) : value;
