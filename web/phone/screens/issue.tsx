/** One issue: its evidence, its facts, what may be done with it here. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Fields, sets } from "../../sync/change.ts";
import { steps } from "../../sync/kinds.ts";
import type { Seen } from "../../sync/view.ts";
import { followPosition, take, type Taken } from "../camera.ts";
import { atWork, roles, saving } from "../house.ts";
import { rooms } from "../later.ts";
import { tell, useLive } from "../live.ts";
import { day, Deadline, Empty, Icon, moment, Picture, Section, Severity, State } from "../marks.tsx";
import { Choice, Dialog, TakePhoto, Words } from "../parts.tsx";
import { evidenceOf, issue as read, OVER, text } from "../reading.ts";
import { announce } from "../toast.ts";
import { codes, say, word } from "../words.ts";
import { Fact, Named } from "./projects.tsx";

// Steps that an officer takes on site; papers and referrals are made at the desk.
const ON_SITE = ["confirm", "on_spot", "receive", "begin", "reply", "pass", "fail", "close"];

export function Issue({ dossier, record }: { dossier: string; record: string }): JSX.Element {
  const told = useLive(() => read(dossier, record), [dossier, record]);
  const [editing, setEditing] = useState(false);
  const [large, setLarge] = useState<Seen | null>(null);
  useEffect(followPosition, []);
  if (told === undefined) return <main />;
  if (!told)
    return (
      <main>
        <Empty title={say("gone")} />
      </main>
    );
  const { issue, photos, recordings, project } = told;
  const { body } = issue;
  const { stored, total } = evidenceOf(photos);
  return (
    <main>
      <header class="lead">
        <p class="marks">
          <Severity of={text(body, "severity")} />
          <State of={text(body, "state")} />
          <Deadline on={text(body, "due_on") || undefined} over={OVER.includes(text(body, "state"))} />
        </p>
        <h1>{text(body, "title")}</h1>
        <p>{[project, text(body, "part")].filter(Boolean).join(" · ")}</p>
        {issue.unsent > 0 && (
          <p class="notice" role="status">
            {say("notEntered")}
          </p>
        )}
      </header>
      <Section title={`${say("photos")} ${total ? say("evidence", { stored, total }) : ""}`}>
        {stored < total && <p class="thin">{say("evidenceKept", { n: total - stored })}</p>}
        <Gallery
          phase="before"
          photos={photos.filter((one) => one.body.phase !== "after")}
          issue={issue}
          onOpen={setLarge}
        />
        <Gallery
          phase="after"
          photos={photos.filter((one) => one.body.phase === "after")}
          issue={issue}
          onOpen={setLarge}
        />
      </Section>
      <Section title={say("facts")}>
        <dl>
          {["description", "demand", "legal_basis"]
            .filter((name) => body[name])
            .map((name) => (
              <Fact key={name} name={name} value={text(body, name)} />
            ))}
          <Fact name="domain" value={word("domain", text(body, "domain"))} />
          <Fact name="found_at" value={moment(text(body, "found_at"))} />
          {body.contractor && <Fact name="contractor" value={<Named code={text(body, "contractor")} />} />}
          {body.due_on && <Fact name="due_on" value={day(text(body, "due_on"))} />}
          {body.term && <Fact name="term" value={word("term", text(body, "term"))} />}
        </dl>
        <button type="button" onClick={() => setEditing(true)}>
          {say("edit")}
        </button>
      </Section>
      <Recordings issue={issue} recordings={recordings} />
      {rooms.value && <rooms.value.Attachments of={issue} />}
      <Notes issue={issue} />
      {rooms.value && <rooms.value.IssueMap issue={issue} />}
      <Acts issue={issue} />
      {editing && <Edit issue={issue} onClose={() => setEditing(false)} />}
      {large && rooms.value && <rooms.value.Photo photo={large} onClose={() => setLarge(null)} />}
    </main>
  );
}

interface Showing {
  phase: "before" | "after";
  photos: Seen[];
  issue: Seen;
  onOpen: (photo: Seen) => void;
}

function Gallery({ phase, photos, issue, onOpen }: Showing): JSX.Element {
  const add = async (file: File): Promise<void> => {
    await saving(async (replica) => {
      const { shot, bytes, preview } = await take(replica, file);
      await replica.together(async () => {
        await replica.db.bytes.put({ photo: shot.photo, bytes });
        if (preview) await replica.db.previews.put({ photo: shot.photo, bytes: preview });
        await replica.attach(issue.dossier, issue.record, shot, sets({ phase }), issue.audience);
      });
    });
    announce(say("saved"));
  };
  return (
    <div class="strip" role="group" aria-label={say(phase)}>
      <h3>{say(phase)}</h3>
      {photos.map((photo) => {
        const { record, dossier, body } = photo;
        return (
          <button
            type="button"
            class="frame"
            key={record}
            onClick={() => onOpen(photo)}
            aria-label={`${say(phase)} ${text(body, "caption")}`}
          >
            <Picture photo={record} dossier={dossier} alt={text(body, "caption") || say(phase)} />
            {!body.stored_at && <small class="thin">{say("awaiting")}</small>}
          </button>
        );
      })}
      <TakePhoto label={`${say("addPhoto")} ${say(phase)}`} onTake={(file) => void add(file).catch(tell)} class="tile">
        <Icon name="camera" />
        {say("addPhoto")}
      </TakePhoto>
    </div>
  );
}

/** What was said on the spot: a sentence spoken is sooner done than typed in gloves. */
function Recordings({ issue, recordings }: { issue: Seen; recordings: Seen[] }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const later = rooms.value;
  if (!later || (!recordings.length && !later.canRecord())) return null;
  const keep = async ({ shot, bytes }: Taken): Promise<void> => {
    await saving((replica) =>
      replica.together(async () => {
        await replica.db.bytes.put({ photo: shot.photo, bytes });
        await replica.attach(issue.dossier, issue.record, shot, {}, issue.audience);
      }),
    );
    announce(say("saved"));
  };
  return (
    <Section title={say("recordings")}>
      {recordings.map(({ record, dossier, body }) => (
        <later.Heard key={record} record={record} dossier={dossier} mime={text(body, "mime")} />
      ))}
      {later.canRecord() && (
        <button type="button" onClick={() => setOpen(true)}>
          <Icon name="voice" />
          {say("record")}
        </button>
      )}
      {open && <later.Recorder onHeard={keep} onClose={() => setOpen(false)} />}
    </Section>
  );
}

type Note = { id: string; text: string; by: string; at: string };

function Notes({ issue }: { issue: Seen }): JSX.Element {
  const [said, setSaid] = useState("");
  const notes = (issue.body.notes ?? []) as unknown as Note[];
  const add = async (): Promise<void> => {
    await saving((replica) =>
      replica.update(issue.dossier, issue.record, { notes: { append: [{ id: replica.newId(), text: said }] } }),
    );
    setSaid("");
  };
  return (
    <Section title={say("notes")}>
      <ul class="notes">
        {notes.map((note) => (
          <li key={note.id}>
            <small>{moment(note.at)}</small> {note.text}
          </li>
        ))}
      </ul>
      <Words label={say("addNote")} value={said} rows={2} most={2000} onSay={setSaid} />
      {said.trim() && (
        <button type="button" onClick={() => void add().catch(tell)}>
          {say("save")}
        </button>
      )}
    </Section>
  );
}

function Acts({ issue }: { issue: Seen }): JSX.Element | null {
  const [verb, setVerb] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const open = steps("issue", text(issue.body, "state"), roles(issue.dossier)).filter((one) => ON_SITE.includes(one));
  const me = atWork().user.id;
  const { rectified_by: fixer, countersigned_by: witness, severity } = issue.body;
  // 同一人不得复查自己的整改: what the server would refuse is not offered (server/issues/records/issue.py).
  const refused = (verb: string): boolean =>
    (["pass", "fail"].includes(verb) && (fixer === me || witness === me)) || (verb === "close" && severity === "major");
  const allowed = open.filter((verb) => !refused(verb));
  if (!allowed.length) return null;
  const act = async (step: string): Promise<void> => {
    const said: Fields = { state: { do: step } };
    if (note.trim()) said.notes = { append: [{ id: atWork().replica.newId(), text: note.trim() }] };
    await saving((replica) => replica.update(issue.dossier, issue.record, said));
    setVerb(null);
    setNote("");
    announce(say("saved"));
  };
  return (
    <footer class="acts">
      {allowed.map((one) => (
        <button
          type="button"
          key={one}
          class={["pass", "confirm"].includes(one) ? "main" : one === "fail" ? "grave" : ""}
          onClick={() => setVerb(one)}
        >
          {word("verb", one)}
        </button>
      ))}
      {verb && (
        <Dialog title={word("verb", verb)} onClose={() => setVerb(null)}>
          <Words label={say("noteOptional")} value={note} rows={3} most={2000} onSay={setNote} />
          <div class="menu">
            <button type="button" onClick={() => setVerb(null)}>
              {say("cancel")}
            </button>
            <button type="button" class="main" onClick={() => void act(verb).catch(tell)}>
              {word("verb", verb)}
            </button>
          </div>
        </Dialog>
      )}
    </footer>
  );
}

function Edit({ issue, onClose }: { issue: Seen; onClose: () => void }): JSX.Element {
  const was = issue.body;
  const [values, setValues] = useState<Record<string, string>>({});
  const at = (name: string): string => values[name] ?? text(was, name);
  const change =
    (name: string) =>
    (value: string): void =>
      setValues({ ...values, [name]: value });
  const save = async (): Promise<void> => {
    const changed = Object.entries(values).filter(([name, value]) => value !== text(was, name));
    if (changed.length) {
      const said = Object.fromEntries(changed.map(([name, value]) => [name, value === "" ? null : value]));
      await saving((replica) => replica.update(issue.dossier, issue.record, sets(said)));
      announce(say("saved"));
    }
    onClose();
  };
  return (
    <Dialog title={say("edit")} onClose={onClose}>
      <Words label={word("fields", "title")} value={at("title")} most={200} onSay={change("title")} />
      <Choice
        name="severity"
        table="severity"
        of={codes("severity")}
        value={at("severity")}
        label={word("fields", "severity")}
        onChoose={change("severity")}
      />
      <Words label={word("fields", "part")} value={at("part")} most={200} onSay={change("part")} />
      <Words label={word("fields", "description")} value={at("description")} rows={3} onSay={change("description")} />
      <Words label={word("fields", "demand")} value={at("demand")} rows={2} most={2000} onSay={change("demand")} />
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="button" class="main" disabled={!at("title").trim()} onClick={() => void save().catch(tell)}>
          {say("save")}
        </button>
      </div>
    </Dialog>
  );
}
