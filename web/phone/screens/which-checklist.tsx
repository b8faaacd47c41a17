/** The question by which of several checklists a visit goes. */

import type { JSX } from "preact";

import type { Seen } from "../../sync/view.ts";
import { Dialog } from "../parts.tsx";
import { type checklistsOfToday, text } from "../reading.ts";
import { say } from "../room-words.ts";

export type Asked = Awaited<ReturnType<typeof checklistsOfToday>>;

/** Each checklist a target for a gloved thumb. */
export const WhichChecklist = (given: Asked & { onChoose: (one: Seen) => void; onClose: () => void }): JSX.Element => (
  <Dialog title={say("whichChecklist")} onClose={given.onClose}>
    <ul class="cards">
      {given.offered.map((one) => (
        <li key={one.record}>
          <button type="button" class="card" onClick={() => given.onChoose(one)}>
            <b>{text(one.body, "title")}</b>
            <small>
              {text(one.body, "code")} · {say("edition", { n: Number(one.body.edition) })}
              {one.body.code === given.last && ` · ${say("usedLast")}`}
            </small>
          </button>
        </li>
      ))}
    </ul>
    <div class="menu">
      <button type="button" onClick={given.onClose}>
        {say("cancel")}
      </button>
    </div>
  </Dialog>
);
