/** 照片: one photograph large, what was drawn over it, and tools to draw more; the original stays as it is. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Drawn, Pad } from "../../drawing/pad.tsx";
import { full, joined, THICK, type Tool, WIDE } from "../../drawing/strokes.ts";
import { sets } from "../../sync/change.ts";
import { look, type Seen } from "../../sync/view.ts";
import { atWork, saving } from "../house.ts";
import { OfPicture, saveOriginal, Shown, useBest } from "../large.tsx";
import { tell, useLive } from "../live.ts";
import { Dialog, Words } from "../parts.tsx";
import { text } from "../reading.ts";
import { type RoomWord, say } from "../room-words.ts";
import { announce } from "../toast.ts";

const TOOLS: readonly [Tool, RoomWord][] = [
  ["pen", "toolPen"],
  ["arrow", "toolArrow"],
  ["box", "toolBox"],
];

const marksOf = async (dossier: string, photo: string): Promise<Seen[]> =>
  [...(await look(atWork().replica.db, { dossier, kind: "markup" })).values()].filter(
    ({ body }) => body.photo === photo,
  );

/** What is being drawn; kept in this tab, because the system takes the page of a weak phone at any time. */
interface Drawing {
  strokes: string[];
  caption: string;
}
const key = (photo: string): string => `xunjian.drawing.${atWork().user.id}.${photo}`;
const kept = (photo: string): Drawing | null =>
  JSON.parse(sessionStorage.getItem(key(photo)) ?? "null") as Drawing | null;

function keep(photo: string, drawing: Drawing | null): void {
  if (drawing?.strokes.length || drawing?.caption) sessionStorage.setItem(key(photo), JSON.stringify(drawing));
  else sessionStorage.removeItem(key(photo));
}

export function Photo({ photo, onClose }: { photo: Seen; onClose: () => void }): JSX.Element {
  const marks = useLive(() => marksOf(photo.dossier, photo.record), [photo.record]) ?? [];
  const best = useBest(photo);
  const [ratio, setRatio] = useState<number | null>(null);
  const [drawing, setDrawing] = useState(() => kept(photo.record));
  const [tool, setTool] = useState<Tool>("pen");
  const height = Math.round(WIDE * (ratio ?? 0.75));
  const put = (next: Drawing | null): void => {
    setDrawing(next);
    keep(photo.record, next);
  };
  const save = async ({ strokes, caption }: Drawing): Promise<void> => {
    const told = { photo: photo.record, width: WIDE, height, strokes: joined(strokes) };
    const said = sets({ ...told, caption: caption.trim() || undefined });
    await saving((replica) => replica.create(photo.dossier, "markup", said, { audience: photo.audience }));
    announce(say("saved"));
    put(null);
  };
  return (
    <Dialog title={say("photo")} onClose={onClose}>
      <div class="canvas">
        <Shown photo={photo} of={best} alt={say("photo")} onSize={setRatio} />
        {marks.map(({ record, body }) => (
          <Drawn
            key={record}
            width={Number(body.width)}
            height={Number(body.height)}
            of={text(body, "strokes")}
            thick={THICK * Number(body.width)}
            label={text(body, "caption") || say("markup")}
          />
        ))}
        {drawing && ratio !== null && (
          <Pad
            label={say("markup")}
            width={WIDE}
            height={height}
            drawn={drawing.strokes}
            tool={tool}
            thick={THICK * WIDE}
            onDraw={(strokes) => put({ ...drawing, strokes })}
          />
        )}
      </div>
      <OfPicture photo={photo} of={best} />
      {drawing && ratio !== null ? (
        <PenCase drawing={drawing} tool={tool} onTool={setTool} onDraw={put} onSave={() => save(drawing)} />
      ) : (
        <>
          <Marks marks={marks} />
          <div class="menu">
            <button type="button" onClick={() => void saveOriginal(photo).catch(tell)}>
              {say("saveOriginal")}
            </button>
            <button
              type="button"
              class="main"
              disabled={ratio === null}
              onClick={() => put({ strokes: [], caption: "" })}
            >
              {say("markup")}
            </button>
            <button type="button" onClick={onClose}>
              {say("close")}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

interface Pen {
  drawing: Drawing;
  tool: Tool;
  onTool: (tool: Tool) => void;
  onDraw: (drawing: Drawing | null) => void;
  onSave: () => Promise<void>;
}

function PenCase({ drawing, tool, onTool, onDraw, onSave }: Pen): JSX.Element {
  const { strokes, caption } = drawing;
  return (
    <>
      <div class="tools" role="group" aria-label={say("markup")}>
        {TOOLS.map(([one, named]) => (
          <button key={one} type="button" class="chip" aria-pressed={tool === one} onClick={() => onTool(one)}>
            {say(named)}
          </button>
        ))}
        <button
          type="button"
          disabled={!strokes.length}
          onClick={() => onDraw({ ...drawing, strokes: strokes.slice(0, -1) })}
        >
          {say("undo")}
        </button>
      </div>
      <p class="muted">{say(full(strokes) ? "markupFull" : "markupHint")}</p>
      <Words
        label={say("markupCaption")}
        value={caption}
        most={400}
        onSay={(said) => onDraw({ ...drawing, caption: said })}
      />
      <div class="menu">
        <button type="button" onClick={() => onDraw(null)}>
          {say("cancel")}
        </button>
        <button type="button" class="main" disabled={!strokes.length} onClick={() => void onSave().catch(tell)}>
          {say("save")}
        </button>
      </div>
    </>
  );
}

/** What was drawn; one's own may be taken away again. */
function Marks({ marks }: { marks: Seen[] }): JSX.Element {
  const [asking, setAsking] = useState<string | null>(null);
  const me = atWork().user.id;
  const remove = ({ dossier, record }: Seen): Promise<unknown> =>
    saving((replica) => replica.delete(dossier, record)).then(() => setAsking(null));
  return (
    <ul class="notes drawings">
      {marks.map((mark) => (
        <li key={mark.record}>
          <span class="grow">{text(mark.body, "caption") || say("nothingSaid")}</span>
          {(mark.body.drawn_by ?? me) === me &&
            (asking === mark.record ? (
              <>
                <p>{say("removeMarkAsk")}</p>
                <button type="button" class="grave" onClick={() => void remove(mark).catch(tell)}>
                  {say("removeMark")}
                </button>
                <button type="button" onClick={() => setAsking(null)}>
                  {say("cancel")}
                </button>
              </>
            ) : (
              <button type="button" class="quiet" onClick={() => setAsking(mark.record)}>
                {say("removeMark")}
              </button>
            ))}
        </li>
      ))}
    </ul>
  );
}
