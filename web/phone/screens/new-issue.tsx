/** 上报问题: a photograph, three taps, and everything else where there is time for it. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { metres, type Place, placeOf } from "../../drawing/places.ts";
import { type Fields, sets } from "../../sync/change.ts";
import type { DraftRow, Shot } from "../../sync/tables.ts";
import type { Seen } from "../../sync/view.ts";
import { fix, followPosition, locating, position, type Taken } from "../camera.ts";
import { add as hold, keep, settled, shoot, unkept } from "../drafts.ts";
import { atWork, saving } from "../house.ts";
import { rooms } from "../later.ts";
import { tell, useLive } from "../live.ts";
import { Empty, Icon, Picture } from "../marks.tsx";
import { Choice, Confirm, TakePhoto, Words } from "../parts.tsx";
import { projects, text } from "../reading.ts";
import { go } from "../route.ts";
import { announce } from "../toast.ts";
import { codes, say, word } from "../words.ts";

const FEW_DOMAINS = ["safety", "edge", "height", "electricity", "civilised"]; // the rest one tap further

const LAST = "xunjian.last-issue"; // where and what was found last: most often it is the same site
type Last = { dossier?: string; domain?: string };
export const lastIssue = (): Last => JSON.parse(localStorage.getItem(LAST) ?? "{}") as Last;

export function NewIssue({ id }: { id: string }): JSX.Element {
  const kept = useLive(async () => (await atWork().replica.db.drafts.get(id)) ?? null, [id]);
  if (kept === undefined) return <main />;
  // The page was killed right after saving, and its route came back.
  if (!kept)
    return (
      <main>
        <Empty title={say("draftDone")} />
        <a class="button" href="#/issues">
          {say("seeIssues")}
        </a>
      </main>
    );
  return <Form draft={kept} key={id} />;
}

function Form({ draft: first }: { draft: DraftRow }): JSX.Element {
  const [draft, show] = useState(first);
  const latest = useRef(first); // what a photograph that is still being hashed will be added to
  const setDraft = (next: DraftRow): void => {
    latest.current = next;
    show(next);
  };
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [allDomains, setAllDomains] = useState(false);
  const sites = useLive(projects, []);
  useEffect(followPosition, []);
  const { values, shots } = draft;
  const change = (more: DraftRow["values"]): void => {
    if (busy) return; // it is being saved: a letter more would bring the draft back
    setFault(null);
    const next = { ...latest.current, values: { ...latest.current.values, ...more } };
    setDraft(next);
    keep(next).catch(() => {}); // said by drafts.ts
  };
  const [hashing, setHashing] = useState(0);
  const add = async (file: File): Promise<void> => {
    setHashing((n) => n + 1);
    await shoot(() => latest.current, file, setDraft).catch(tell);
    setHashing((n) => n - 1);
  };
  const remove = (photo: string): void => {
    const next = { ...latest.current, shots: latest.current.shots.filter((shot) => shot.photo !== photo) };
    setDraft(next);
    keep(next).catch(() => {});
  };
  const dossier = siteOf(text(values, "dossier"), sites);
  const kept = shots.filter(({ photo }) => !unkept.value.includes(photo));
  const [later, pin] = [rooms.value, pinOf(values)];
  const [open, setOpen] = useState<"voice" | "plan" | null>(null);
  const heard = (taken: Taken): Promise<void> => hold(() => latest.current, taken, setDraft);
  const send = async (): Promise<void> => {
    if (!dossier) return setFault(say("projectNeeded"));
    setBusy(true);
    try {
      await settled();
      await save({ ...latest.current, values: { ...latest.current.values, dossier } });
      announce(say("saved"));
      go("/issues", true);
    } catch (wrong) {
      tell(wrong);
      setBusy(false);
    }
  };
  const said = (name: string): string => text(values, name);
  return (
    <main class="form">
      <div class="strip">
        {kept.map((shot) => (
          <figure key={shot.photo}>
            {isSpoken(shot) ? <Icon name="voice" /> : <Picture photo={shot.photo} alt={say("photos")} />}
            <button
              type="button"
              class="remove"
              aria-label={say(isSpoken(shot) ? "removeRecording" : "removePhoto")}
              onClick={() => remove(shot.photo)}
            >
              <Icon name="cross" />
            </button>
          </figure>
        ))}
        <TakePhoto label={say("addPhoto")} onTake={(file) => void add(file)} class="tile">
          <Icon name="camera" />
          {say("addPhoto")}
        </TakePhoto>
        <TakePhoto label={say("fromAlbum")} onTake={(file) => void add(file)} camera={false} class="tile">
          <Icon name="plus" />
          {say("fromAlbum")}
        </TakePhoto>
        {later?.canRecord() && (
          <button type="button" class="take tile" onClick={() => setOpen("voice")}>
            <Icon name="voice" />
            {say("record")}
          </button>
        )}
      </div>
      <div class="muted pinned">
        <Icon name="pin" />
        <span role="status">
          {pin
            ? say("placedByHand")
            : fix.value
              ? say("located", { n: fix.value.accuracy_m })
              : locating.value
                ? say("positioning")
                : say("noPosition")}
        </span>
        {later && dossier && (
          <button type="button" class="quiet" onClick={() => setOpen("plan")}>
            {say("onThePlan")}
          </button>
        )}
      </div>
      <label class="field">
        <span>{say("project")}</span>
        <select value={dossier} onChange={(event) => change({ dossier: event.currentTarget.value })}>
          <option value="">{say("projectNeeded")}</option>
          {sites?.map((site) => (
            <option key={site.dossier} value={site.dossier}>
              {text(site.body, "name")}
            </option>
          ))}
        </select>
      </label>
      <Choice
        name="severity"
        table="severity"
        of={codes("severity")}
        value={said("severity")}
        label={word("fields", "severity")}
        onChoose={(severity) => change({ severity })}
      />
      <Choice
        name="domain"
        table="domain"
        of={
          allDomains
            ? codes("domain")
            : FEW_DOMAINS.includes(said("domain"))
              ? FEW_DOMAINS
              : [said("domain"), ...FEW_DOMAINS.slice(0, -1)]
        }
        value={said("domain")}
        label={word("fields", "domain")}
        onChoose={(domain) => change({ domain })}
        {...(!allDomains && { onMore: () => setAllDomains(true) })}
      />
      <Words
        label={word("fields", "title")}
        value={said("title")}
        hint={say("titleHint")}
        most={200}
        onSay={(title) => change({ title })}
      />
      <Words label={word("fields", "part")} value={said("part")} most={200} onSay={(part) => change({ part })} />
      <Words
        label={word("fields", "description")}
        value={said("description")}
        rows={3}
        onSay={(description) => change({ description })}
      />
      <Words
        label={word("fields", "demand")}
        value={said("demand")}
        rows={2}
        most={2000}
        onSay={(demand) => change({ demand })}
      />
      <Choice
        name="term"
        table="term"
        of={codes("term")}
        value={said("term")}
        label={word("fields", "term")}
        onChoose={(term) => change({ term })}
      />
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <footer class="acts">
        <button type="button" class="quiet" onClick={() => setAsking(true)}>
          {say("discard")}
        </button>
        <button type="button" class="main" disabled={busy || hashing > 0 || !sites} onClick={() => void send()}>
          {say("save")}
        </button>
      </footer>
      {later && open === "voice" && <later.Recorder onHeard={heard} onClose={() => setOpen(null)} />}
      {later && open === "plan" && (
        <later.ChoosePlace
          dossier={dossier}
          pin={pin}
          onChoose={(place) => {
            change({ ...place });
            setOpen(null);
          }}
          onClose={() => setOpen(null)}
        />
      )}
      {asking && (
        <Confirm
          title={say("discard")}
          yes={say("discard")}
          onClose={() => setAsking(false)}
          onYes={() =>
            void atWork()
              .replica.discard(draft)
              .then(() => go("/", true))
          }
        >
          <p>{say("discardAsk")}</p>
        </Confirm>
      )}
    </main>
  );
}

const isSpoken = ({ mime }: Shot): boolean => mime.startsWith("audio/");

const AT_SITE_M = 800;

function away(here: Place, { body }: Seen): number {
  const there = placeOf(body);
  return there ? metres(here, there) : Infinity;
}

/** The site that was chosen, while it is still one's own: another one is chosen by a person, never for them. */
function siteOf(chosen: string, sites: Seen[] | undefined): string {
  if (!chosen || !sites) return chosen || likelySite(sites ?? []);
  return sites.some((site) => site.dossier === chosen) ? chosen : "";
}

/** Where this most likely is: the site one stands on, else the last one, else the only one. */
function likelySite(sites: Seen[]): string {
  const here = fix.value;
  const near = here ? sites.map((site) => ({ site, m: away(here, site) })).sort((a, b) => a.m - b.m)[0] : undefined;
  if (near && near.m <= AT_SITE_M) return near.site.dossier;
  const last = lastIssue().dossier;
  return sites.some((site) => site.dossier === last)
    ? (last ?? "")
    : sites.length === 1
      ? (sites[0]?.dossier ?? "")
      : "";
}

/** Where somebody put it on the plan, or a draft that was not. */
const pinOf = ({ lat_e7, lon_e7 }: DraftRow["values"]): Place | null =>
  typeof lat_e7 === "number" && typeof lon_e7 === "number" ? { lat_e7, lon_e7 } : null;

/** Where it was put by hand; else where the first photograph was taken that knows it: a draft may be finished in the office. */
function whereFound({ shots, values }: DraftRow): Fields {
  const pin = pinOf(values);
  if (pin) return sets({ ...pin, datum: "WGS-84" });
  const placed = shots.find(({ fields }) => fields.lat_e7);
  if (!placed) return sets(position(fix.value));
  const names = ["lat_e7", "lon_e7", "accuracy_m", "datum"];
  return Object.fromEntries(Object.entries(placed.fields).filter(([name]) => names.includes(name)));
}

/** Issue, photographs and the end of the draft: one transaction. */
async function save(draft: DraftRow): Promise<void> {
  const { values, shots } = draft;
  const said = (name: string): string | undefined => text(values, name) || undefined;
  const [dossier, domain] = [text(values, "dossier"), said("domain") ?? "safety"];
  const found = (shots.find((shot) => !isSpoken(shot)) ?? shots[0])?.fields.taken_at;
  await saving((replica) =>
    replica.together(async () => {
      const told = {
        title: said("title") ?? say("titleFrom", { domain: word("domain", domain) }),
        domain,
        severity: said("severity") ?? "general",
        part: said("part"),
        description: said("description"),
        demand: said("demand"),
        term: said("term"),
        inspection: said("inspection"),
      };
      const when = found ?? { set: replica.stamp() };
      const all = { ...sets(told), ...whereFound(draft), found_at: when };
      // By the draft's own id: one that comes back out of a file (carried.ts) is known to be saved.
      const record = await replica.create(dossier, "issue", all, { record: draft.id });
      for (const shot of shots)
        await replica.attach(dossier, record, shot, isSpoken(shot) ? {} : sets({ phase: "before" }));
      const unused = await replica.db.drafts.get(draft.id);
      if (unused) await replica.db.drafts.delete(draft.id);
    }),
  );
  localStorage.setItem(LAST, JSON.stringify({ dossier, domain } satisfies Last));
}
