/** 位置: the issues of a site where they lie; or where a new one does, put down by hand. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type Place, placeOf } from "../../drawing/places.ts";
import { look, type Seen } from "../../sync/view.ts";
import { fix } from "../camera.ts";
import { atWork } from "../house.ts";
import { useLive } from "../live.ts";
import { Section } from "../marks.tsx";
import { Dialog } from "../parts.tsx";
import { Plan, type Spot } from "../plan.tsx";
import { OVER, text } from "../reading.ts";
import { go, path } from "../route.ts";
import { say } from "../words.ts";

async function placed(dossier: string): Promise<{ site: Place | null; spots: Spot[]; without: number }> {
  const { db } = atWork().replica;
  const [[site], found] = await Promise.all([
    look(db, { dossier, kind: "project" }).then((all) => [...all.values()]),
    look(db, { dossier, kind: "issue" }),
  ]);
  const open = [...found.values()].filter(({ body }) => !OVER.includes(text(body, "state")));
  const spots = open.flatMap(({ record, body }) => {
    const place = placeOf(body);
    return place ? [{ id: record, place, look: text(body, "severity"), title: text(body, "title") }] : [];
  });
  return { site: site ? placeOf(site.body) : null, spots, without: open.length - spots.length };
}

/** The open issues of a project; each opens by a touch. */
export function SiteMap({ dossier }: { dossier: string }): JSX.Element | null {
  const told = useLive(() => placed(dossier), [dossier]);
  const middle = told?.site ?? told?.spots[0]?.place;
  if (!told || !middle) return null;
  return (
    <Section title={say("plan")}>
      <Plan middle={middle} spots={told.spots} here={fix.value} onOpen={({ id }) => go(path("issues", dossier, id))} />
      {told.without > 0 && <p class="muted">{say("withoutPlace", { n: told.without })}</p>}
    </Section>
  );
}

interface Choosing {
  dossier: string;
  pin: Place | null;
  onChoose: (place: Place) => void;
  onClose: () => void;
}

/** Where it lies, put down by a finger among the others. */
export function ChoosePlace({ dossier, pin: first, onChoose, onClose }: Choosing): JSX.Element {
  const told = useLive(() => placed(dossier), [dossier]);
  const [pin, setPin] = useState<Place | null>(first);
  const [middle] = useState<Place | null>(first ?? fix.value);
  const about = told?.site ?? middle ?? told?.spots[0]?.place;
  return (
    <Dialog title={say("choosePlace")} onClose={onClose}>
      {told && about && <Plan middle={about} spots={told.spots} here={fix.value} pin={pin} onPin={setPin} />}
      {told && !about && <p class="notice">{say("nowhere")}</p>}
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="button" class="main" disabled={!pin} onClick={() => pin && onChoose(pin)}>
          {say("setPlace")}
        </button>
      </div>
    </Dialog>
  );
}

/** One issue among the others of its site. */
export function IssueMap({ issue }: { issue: Seen }): JSX.Element | null {
  const place = placeOf(issue.body);
  const told = useLive(() => placed(issue.dossier), [issue.dossier]);
  if (!place || !told) return null;
  const others = told.spots.filter(({ id }) => id !== issue.record);
  return (
    <Section title={say("place")}>
      <Plan middle={place} spots={others} here={fix.value} pin={place} />
    </Section>
  );
}
