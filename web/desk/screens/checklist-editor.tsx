/** A checklist is edited as a draft on this computer, tried as phones will ask it, and entered as the next edition. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { change, type Outcome, type Push } from "../changes.ts";
import { blankForm, blankSection, type Content, dropSent, formSums, keep, moved, type Place, placeOf, type Section, sectionsSum } from "../checklist.ts";
import { get, patiently, Problem, type Said } from "../house.ts";
import { Trouble, Verdict } from "../marks.tsx";
import { say, word } from "../words.ts";
import { Items, Labelled, number, set, text } from "./checklist-items.tsx";
import { Preview } from "./checklist-preview.tsx";
import { CodeTaken, editionsOf, EditionTaken, type Taken, takenBy } from "./checklist-taken.tsx";

interface Editing {
  start: Content;
  /** A checklist of its own and not the next edition of one: its code may still be another. */
  fresh: boolean;
  /** Under which name the copy lies on this computer. */
  keptAs: string;
  office: string;
  onEntered: (record: string) => void;
  onLeave: () => void;
}

interface Fault {
  field: string;
  reason: string;
}

type At = { section: number; form: number };

export function Editor({ start, fresh, keptAs, office, onEntered, onLeave }: Editing): JSX.Element {
  const [content, setContent] = useState(start);
  const [at, setAt] = useState<At>({ section: 0, form: 0 });
  const [stored, setStored] = useState(true);
  const [faults, setFaults] = useState<Fault[] | null>(null);
  const [tried, setTried] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [busy, setBusy] = useState(false);
  const [taken, setTaken] = useState<Taken | null>(null);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  useEffect(() => {
    // Two tabs show one copy: what was typed in the other is not written over.
    const heard = (event: StorageEvent): void => {
      if (event.key === keptAs && event.newValue) setContent((JSON.parse(event.newValue) as { content: Content }).content);
    };
    addEventListener("storage", heard);
    return () => removeEventListener("storage", heard);
  }, [keptAs]);
  const put = (after: Content): void => {
    setContent(after);
    setStored(keep(keptAs, after)); // with the keystroke: a closed tab loses none
    setFaults(null);
    setTaken(null);
  };
  const sections = (after: Section[]): void => put({ ...content, sections: after });
  const section = content.sections[at.section];
  const form = section?.forms[at.form];
  const checked = async (): Promise<boolean> => {
    const told = await patiently<Said<"Checked">>("/api/v1/checklists/check", { method: "POST", body: content });
    setFaults(told.faults as Fault[]);
    return !told.faults?.length;
  };
  const doing = (work: () => Promise<void>) => (): void => {
    setBusy(true);
    setWrong(null);
    setOutcome(null);
    setTaken(null);
    void work()
      .catch(async (fault: unknown) => {
        // A colleague was first with this number, and said something else: nothing is renumbered unasked.
        if (!(fault instanceof Problem && fault.code === "edition-taken")) throw fault;
        setTaken(await takenBy(content.code, content.edition));
      })
      .catch(setWrong)
      .finally(() => setBusy(false));
  };
  /** Entering is told by what is entered: after a lost reply the same press finds it there and goes on. */
  const enter = (publish: boolean) =>
    doing(async () => {
      if (!(await checked())) return;
      // Another edition of this code: a new checklist would be one of theirs.
      if (fresh && (await editionsOf(content.code)).some(({ edition }) => edition !== content.edition))
        return setTaken(await takenBy(content.code, content.edition));
      const { id } = await patiently<Said<"Entered">>("/api/v1/checklists", { method: "POST", body: content });
      if (publish && id) {
        const done = await published(id, office);
        if (done && !["applied", "merged", "noop"].includes(done.status)) return setOutcome(done);
      }
      dropSent(keptAs, content);
      if (here.current) onEntered(id ?? ""); // who has left meanwhile stays where they went
    });
  const go = (place: Place): void => setAt({ section: Math.max(0, place.section), form: Math.max(0, place.form) });
  return (
    <div class="editor">
      <header>
        <h2 tabIndex={-1}>{content.title || say("newChecklist")}</h2>
        <p class="muted" role="status">
          {say(stored ? "draftKeptHere" : "draftNotKept")}
        </p>
      </header>
      <fieldset disabled={busy}>
        <Head content={content} fresh={fresh} put={put} />
        <Outline content={content} at={at} onChoose={setAt} onPut={sections} />
        {section && form && (
          <section>
            <h3>
              {called(section) || say("sectionTitle")} › {called(form) || say("formTitle")}
            </h3>
            <div class="fields">
              <Labelled name={say("formCode")} narrow>
                <input value={form.code} maxLength={40} onInput={(event) => putForm({ ...form, code: text(event) })} />
              </Labelled>
              <Labelled name={say("formTitle")}>
                <input value={form.title} maxLength={120} onInput={(event) => putForm({ ...form, title: text(event) })} />
              </Labelled>
              <label class="tick">
                <input
                  type="checkbox"
                  checked={form.repeats ?? false}
                  onChange={(event) => putForm(set(form, { repeats: event.currentTarget.checked || undefined }))}
                />
                <span>{say("askedForEach")}</span>
              </label>
            </div>
            <div class="buttons">
              <button type="button" aria-pressed={tried} onClick={() => setTried(!tried)}>
                {say("tryForm")}
              </button>
            </div>
            {tried ? <Preview key={form.code} section={section} form={form} /> : <Items form={form} put={putForm} />}
          </section>
        )}
      </fieldset>
      {taken &&
        (fresh ? (
          <CodeTaken code={content.code} taken={taken} />
        ) : (
          <EditionTaken taken={taken} onRenumber={() => put({ ...content, edition: taken.edition + 1 })} onClose={() => setTaken(null)} />
        ))}
      {faults && <Faults faults={faults} content={content} onGo={go} />}
      {outcome && <Verdict outcome={outcome} what={word("listVerb", "publish")} />}
      <Trouble wrong={wrong} />
      <div class="buttons">
        <button type="button" disabled={busy} onClick={doing(async () => void (await checked()))}>
          {say("checkList")}
        </button>
        <button type="button" disabled={busy} onClick={enter(false)}>
          {say("enterDraft", { n: content.edition })}
        </button>
        <button type="button" class="main" disabled={busy} onClick={enter(true)}>
          {say("publishEdition", { n: content.edition })}
        </button>
        <button type="button" onClick={onLeave}>
          {say("leaveDraft")}
        </button>
      </div>
    </div>
  );

  function putForm(after: Section["forms"][number]): void {
    if (!section) return;
    const forms = section.forms.with(at.form, { ...after, code: after.code ?? "", title: after.title ?? "" });
    sections(content.sections.with(at.section, { ...section, forms }));
  }
}

const called = ({ code, title }: { code?: string | undefined; title?: string | undefined }): string => [code, title].filter(Boolean).join(" ");

/** Publish a draft; null where it was published already, by the press whose reply was lost. */
async function published(record: string, office: string): Promise<Outcome | null> {
  const { items = [] } = await get<Said<"Checklists">>("/api/v1/checklists");
  const found = items.find((one) => one.id === record);
  if (!found || found.state !== "draft") return null;
  const push: Push = change({ op: "update", kind: "template", record, version: found.version ?? 0, fields: { state: { do: "publish" } } });
  return push(office);
}

function Head({ content, fresh, put }: { content: Content; fresh: boolean; put: (content: Content) => void }): JSX.Element {
  return (
    <div class="fields">
      <Labelled name={say("listCode")} narrow>
        <input value={content.code} maxLength={40} readOnly={!fresh} onInput={(event) => put({ ...content, code: text(event) })} />
      </Labelled>
      <Labelled name={say("listTitle")}>
        <input value={content.title} maxLength={120} onInput={(event) => put({ ...content, title: text(event) })} />
      </Labelled>
      <Labelled name={say("listBasis")}>
        <input value={content.citation ?? ""} maxLength={400} onInput={(event) => put(set(content, { citation: text(event) || undefined }))} />
      </Labelled>
      <span class="dates">
        <Labelled name={say("listFrom")} narrow>
          <input type="date" value={content.valid_from} onInput={(event) => put({ ...content, valid_from: text(event) })} />
        </Labelled>
        <Labelled name={say("listTo")} narrow>
          <input type="date" value={content.valid_to ?? ""} onInput={(event) => put(set(content, { valid_to: text(event) || undefined }))} />
        </Labelled>
      </span>
    </div>
  );
}

interface Outlined {
  content: Content;
  at: At;
  onChoose: (at: At) => void;
  onPut: (sections: Section[]) => void;
}

/** Sections with what they count for, forms with the sum of their items; the chosen section can be changed here. */
function Outline({ content, at, onChoose, onPut }: Outlined): JSX.Element {
  const { sections } = content;
  return (
    <section class="outline" aria-label={say("outlineName")}>
      <p class="sums">{say("sectionsSum", { n: sectionsSum(content) })}</p>
      <ol>
        {sections.map((section, n) => (
          <li key={n} aria-current={n === at.section ? "true" : undefined}>
            {n === at.section ? (
              <div class="fields">
                <Labelled name={say("sectionCode")} narrow>
                  <input value={section.code} maxLength={40} onInput={(event) => onPut(sections.with(n, { ...section, code: text(event) }))} />
                </Labelled>
                <Labelled name={say("sectionTitle")}>
                  <input value={section.title} maxLength={120} onInput={(event) => onPut(sections.with(n, { ...section, title: text(event) }))} />
                </Labelled>
                <Labelled name={say("sectionMarks")} narrow>
                  <input
                    type="number"
                    min={0}
                    max={100}
                    value={section.marks ?? ""}
                    onInput={(event) =>
                      onPut(sections.with(n, { ...set(section, { marks: number(event) }), code: section.code, title: section.title }))
                    }
                  />
                </Labelled>
                <span class="moves">
                  <button type="button" aria-label={`${say("moveUp")} ${section.code}`} onClick={() => shift(n, -1)}>
                    ↑
                  </button>
                  <button type="button" aria-label={`${say("moveDown")} ${section.code}`} onClick={() => shift(n, 1)}>
                    ↓
                  </button>
                  {sections.length > 1 && (
                    <button type="button" aria-label={`${say("takeOut")} ${section.code}`} onClick={() => remove(n)}>
                      ×
                    </button>
                  )}
                </span>
              </div>
            ) : (
              <button type="button" class="chip" onClick={() => onChoose({ section: n, form: 0 })}>
                {section.code} {section.title} {section.marks ? <small>{say("marks", { n: section.marks })}</small> : null}
              </button>
            )}
            {n === at.section && <Forms section={section} chosen={at.form} onChoose={(form) => onChoose({ section: n, form })} onPut={(after) => onPut(sections.with(n, after))} />}
          </li>
        ))}
      </ol>
      <button type="button" onClick={() => (onPut([...sections, blankSection()]), onChoose({ section: sections.length, form: 0 }))}>
        {say("addSection")}
      </button>
    </section>
  );

  function shift(n: number, by: -1 | 1): void {
    onPut(moved(sections, n, by));
    onChoose({ section: Math.min(sections.length - 1, Math.max(0, n + by)), form: 0 });
  }

  function remove(n: number): void {
    onPut(sections.toSpliced(n, 1));
    onChoose({ section: Math.max(0, n - 1), form: 0 });
  }
}

interface Formed {
  section: Section;
  chosen: number;
  onChoose: (form: number) => void;
  onPut: (section: Section) => void;
}

const Forms = ({ section, chosen, onChoose, onPut }: Formed): JSX.Element => (
  <div class="chips">
    {section.forms.map((form, n) => (
      <button type="button" key={n} class="chip" aria-pressed={n === chosen} onClick={() => onChoose(n)}>
        {form.code || "…"} {form.title} <small>{say("marks", { n: formSums(form).all })}</small>
      </button>
    ))}
    <button type="button" class="chip" onClick={() => (onPut({ ...section, forms: [...section.forms, blankForm()] }), onChoose(section.forms.length))}>
      {say("addForm")}
    </button>
    {section.forms.length > 1 && (
      <button type="button" class="chip" onClick={() => (onPut({ ...section, forms: section.forms.toSpliced(chosen, 1) }), onChoose(0))}>
        {say("takeOutForm")}
      </button>
    )}
  </div>
);

/** What the server says against it, each with a way to its place. */
function Faults({ faults, content, onGo }: { faults: Fault[]; content: Content; onGo: (place: Place) => void }): JSX.Element {
  if (!faults.length)
    return (
      <p class="notice well" role="status">
        {say("noFaults")}
      </p>
    );
  return (
    <div class="notice wrong" role="alert">
      <strong>{say("faultsFound", { n: faults.length })}</strong>
      <ul>
        {faults.map((fault, n) => {
          const place = placeOf(content, fault.field);
          const section = content.sections[place.section];
          const form = section?.forms[place.form];
          const named = [section?.code, form?.code, form?.items[place.item]?.code, word("listColumn", place.column)];
          // A schema speaks English alone: what a person needs is where, and that it is empty or of another form.
          const reason = /[\u4e00-\u9fff]/.test(fault.reason) ? fault.reason : say("notFilled");
          return (
            <li key={n}>
              <button type="button" class="link" onClick={() => onGo(place)}>
                {named.filter(Boolean).join(" › ")}
              </button>
              {` ${reason}`}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
