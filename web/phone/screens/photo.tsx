/** 照片: one photograph large, what was drawn over it, and a pen to draw more; the original stays as it is. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Drawn, Pad } from "../../drawing/pad.tsx";
import { joined, THICK, WIDE } from "../../drawing/strokes.ts";
import { sets } from "../../sync/change.ts";
import { look, type Seen } from "../../sync/view.ts";
import { atWork, saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { Picture } from "../marks.tsx";
import { Dialog, Words } from "../parts.tsx";
import { text } from "../reading.ts";
import { announce } from "../toast.ts";
import { say } from "../words.ts";

const marksOf = async (dossier: string, photo: string): Promise<Seen[]> =>
  [...(await look(atWork().replica.db, { dossier, kind: "markup" })).values()].filter(
    ({ body }) => body.photo === photo,
  );

export function Photo({ photo, onClose }: { photo: Seen; onClose: () => void }): JSX.Element {
  const marks = useLive(() => marksOf(photo.dossier, photo.record), [photo.record]) ?? [];
  const [ratio, setRatio] = useState<number | null>(null);
  const [strokes, setStrokes] = useState<string[] | null>(null);
  const [caption, setCaption] = useState("");
  const height = Math.round(WIDE * (ratio ?? 0.75));
  const save = async (): Promise<void> => {
    const told = { photo: photo.record, width: WIDE, height, strokes: joined(strokes ?? []) };
    const said = sets({ ...told, caption: caption.trim() || undefined });
    await saving((replica) => replica.create(photo.dossier, "markup", said, { audience: photo.audience }));
    announce(say("saved"));
    setStrokes(null);
    setCaption("");
  };
  return (
    <Dialog title={say("photo")} onClose={onClose}>
      <div class="canvas">
        <Picture photo={photo.record} dossier={photo.dossier} alt={say("photo")} large onSize={setRatio} />
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
        {strokes && (
          <Pad
            label={say("markup")}
            width={WIDE}
            height={height}
            drawn={strokes}
            thick={THICK * WIDE}
            onDraw={setStrokes}
          />
        )}
      </div>
      <ul class="notes">
        {marks
          .filter(({ body }) => body.caption)
          .map(({ record, body }) => (
            <li key={record}>{text(body, "caption")}</li>
          ))}
      </ul>
      {strokes ? (
        <>
          <p class="muted">{say("markupHint")}</p>
          <Words label={say("markupCaption")} value={caption} most={400} onSay={setCaption} />
          <div class="menu">
            <button type="button" onClick={() => setStrokes(null)}>
              {say("cancel")}
            </button>
            <button type="button" disabled={!strokes.length} onClick={() => setStrokes(strokes.slice(0, -1))}>
              {say("undo")}
            </button>
            <button type="button" class="main" disabled={!strokes.length} onClick={() => void save().catch(tell)}>
              {say("save")}
            </button>
          </div>
        </>
      ) : (
        <div class="menu">
          <button type="button" onClick={onClose}>
            {say("close")}
          </button>
          <button type="button" disabled={ratio === null} onClick={() => setStrokes([])}>
            {say("markup")}
          </button>
        </div>
      )}
    </Dialog>
  );
}
