/** Marks over one photograph: who drew what and when, a pen for new ones, one's own changed or taken away. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { full, type Tool } from "../drawing/strokes.ts";
import { change, type Outcome, type Push } from "./changes.ts";
import type { Drawing, Markup } from "./drawings.ts";
import { holds, me } from "./house.ts";
import { moment, Trouble, Verdict } from "./marks.tsx";
import { say, type Word, word } from "./words.ts";

const DRAWERS = ["inspector", "supervisor", "director"]; // server/access.py: markup.create
export const mayDraw = (dossier: string): boolean => holds(DRAWERS, dossier);

/** What a press in the picture does; null moves it. */
export type Grip = Tool | null;
const GRIPS: [Grip, Word][] = [
  ["pen", "toolPen"],
  ["arrow", "toolArrow"],
  ["box", "toolBox"],
  [null, "toolMove"],
];

interface Pen {
  drawing: Drawing;
  grip: Grip;
  busy: boolean;
  onGrip: (grip: Grip) => void;
  onDraw: (drawing: Drawing) => void;
  onSave: () => void;
  onDrop: () => void;
}

/** The pen's tools, what the drawing points at, and how it is saved. */
export function PenCase({ drawing, grip, busy, onGrip, onDraw, onSave, onDrop }: Pen): JSX.Element {
  if (drawing.sent) return <Unsure busy={busy} onSave={onSave} onDrop={onDrop} />;
  const bare = !drawing.drawn.length;
  return (
    <div class="pencase">
      <div class="chips" role="group" aria-label={say("annotate")}>
        {GRIPS.map(([one, name]) => (
          <button key={name} type="button" class="chip" aria-pressed={grip === one} onClick={() => onGrip(one)}>
            {say(name)}
          </button>
        ))}
        <button
          type="button"
          class="chip"
          disabled={bare}
          onClick={() => onDraw({ ...drawing, drawn: drawing.drawn.slice(0, -1) })}
        >
          {say("undo")}
        </button>
      </div>
      <p class="muted">{say(full(drawing.drawn) ? "drawFull" : "padHint")}</p>
      <label class="field">
        <span>{say("markCaption")}</span>
        <input
          name="caption"
          maxLength={400}
          value={drawing.caption}
          onInput={(event) => onDraw({ ...drawing, caption: event.currentTarget.value })}
        />
      </label>
      <div class="buttons">
        <button type="button" onClick={onDrop}>
          {say("discard")}
        </button>
        <button type="button" class="main" disabled={bare || busy} onClick={onSave}>
          {say(busy ? "working" : "saveMark")}
        </button>
      </div>
    </div>
  );
}

/** Sent, and no answer came: only the very same is sent again, so that it cannot arrive twice. */
const Unsure = ({ busy, onSave, onDrop }: Pick<Pen, "busy" | "onSave" | "onDrop">): JSX.Element => (
  <div class="pencase">
    <p class="notice" role="status">
      {say(busy ? "working" : "drawingUnsure")}
    </p>
    <div class="buttons">
      <button type="button" disabled={busy} onClick={onDrop}>
        {say("discard")}
      </button>
      <button type="button" class="main" disabled={busy} onClick={onSave}>
        {say("again")}
      </button>
    </div>
  </div>
);

interface Listed {
  dossier: string;
  marks: Markup[];
  /** The only one that is shown, where one was picked out. */
  alone: string | null;
  onAlone: (mark: string | null) => void;
  onAlter: (mark: Markup) => void;
  onChange: () => void;
}

/** Who drew what and when. */
export function Marks({ dossier, marks, alone, onAlone, onAlter, onChange }: Listed): JSX.Element {
  const [asking, setAsking] = useState<string | null>(null);
  const [sent, setSent] = useState<{ push: Push; outcome?: Outcome; wrong?: unknown } | null>(null);
  const remove = async (push: Push): Promise<void> => {
    setAsking(null);
    setSent({ push });
    try {
      setSent({ push, outcome: await push(dossier) });
      onChange();
    } catch (wrong) {
      setSent({ push, wrong });
    }
  };
  const mine = (mark: Markup): boolean => mayDraw(dossier) && mark.drawn_by.id === me()?.id;
  return (
    <>
      <ul class="marks">
        {marks.map((mark) => (
          <li key={mark.id}>
            <button
              type="button"
              class="chip"
              aria-pressed={alone === mark.id}
              title={say("aloneHint")}
              onClick={() => onAlone(alone === mark.id ? null : mark.id)}
            >
              {mark.drawn_by.name ?? "—"} · {moment(mark.drawn_at)}
            </button>
            {mark.caption && <span>{mark.caption}</span>}
            {mine(mark) && asking !== mark.id && (
              <>
                <button type="button" class="quiet" onClick={() => onAlter(mark)}>
                  {say("alterMark")}
                </button>
                <button type="button" class="quiet" onClick={() => setAsking(mark.id)}>
                  {say("removeMark")}
                </button>
              </>
            )}
            {asking === mark.id && (
              <span class="ask" role="group" aria-label={say("removeMarkAsk")}>
                {say("removeMarkAsk")}
                <button
                  type="button"
                  class="grave"
                  autofocus
                  onClick={() =>
                    void remove(change({ op: "delete", kind: "markup", record: mark.id, version: mark.version }))
                  }
                >
                  {say("removeMark")}
                </button>
                <button type="button" onClick={() => setAsking(null)}>
                  {say("cancel")}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {sent?.outcome && <Verdict outcome={sent.outcome} what={word("kind", "markup")} />}
      <Trouble wrong={sent?.wrong} again={() => sent && void remove(sent.push)} hint={say("sameChange")} />
    </>
  );
}
