/** Checklists: every edition as inspectors meet it; edited as a workbook and brought in as the next edition. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { change, type Outcome, type Push } from "../changes.ts";
import { blank, type Content, drop, kept, keyOf, next, type Section, type Shown } from "../checklist.ts";
import { file, get, me, Problem, type Said, send } from "../house.ts";
import { ChooseFile, day, Dialog, Empty, Ends, Loading, moment, saveAs, today, Trouble, Verdict } from "../marks.tsx";
import { go, path } from "../route.ts";
import { say, word } from "../words.ts";
import { Editor } from "./checklist-editor.tsx";

type Checklist = Said<"Checklist">;
const EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const EDITOR = "administrator";
const NEW = "new";
const EDIT = "edit";

/** The office's dossier, for those who keep its checklists. */
const keeps = (): string | undefined => me()?.posts.find((post) => post.role === EDITOR)?.dossier;

export function Checklists({ id, act }: { id: string | undefined; act: string | undefined }): JSX.Element {
  const asked = useAsked((signal) => get<Said<"Checklists">>("/api/v1/checklists", signal), []);
  const items = asked.told?.items ?? [];
  const open = items.find((one) => one.id === id);
  const entered = (record: string): void => {
    asked.again();
    go(path("checklists", record).slice(1));
  };
  return (
    <main id="work" class={id ? "reading" : ""}>
      <section id="queue" class="inbox" aria-label={say("checklistsShort")}>
        {keeps() && (
          <>
            <p class="buttons">
              <a class="button" href={path("checklists", NEW)}>
                {say("newChecklist")}
              </a>
            </p>
            <BringIn onDone={asked.again} />
          </>
        )}
        <Trouble wrong={asked.wrong} again={asked.again} />
        {!asked.told && asked.busy && <Loading />}
        <ol>
          {items.map((one) => (
            <li key={one.id}>
              <a href={path("checklists", one.id)} aria-current={one.id === id ? "true" : undefined}>
                <strong>{one.title}</strong>
                <span>
                  {one.code} · {say("edition", { n: one.edition })}
                </span>
                <span class="line">
                  <b class={`state ${one.state}`}>{word("listState", one.state)}</b>
                  <span class="muted">{say("validFrom", { on: day(one.valid_from) })}</span>
                </span>
              </a>
            </li>
          ))}
        </ol>
      </section>
      <article id="detail" aria-label={say("checklistsShort")}>
        {id === NEW ? (
          <Editing key={NEW} code="" onEntered={entered} />
        ) : open && act === EDIT ? (
          <Editing key={`${open.id} ${EDIT}`} code={open.code ?? ""} of={open.id} edition={newest(items, open) + 1} onEntered={entered} />
        ) : open ? (
          <One key={open.id} one={open} onChange={asked.again} />
        ) : (
          <Empty title={say("chooseOne")} hint={say("checklistHint")} />
        )}
      </article>
    </main>
  );
}

const newest = (items: readonly Checklist[], one: Checklist): number =>
  Math.max(...items.filter(({ code }) => code === one.code).map(({ edition }) => edition ?? 0));

interface Edited {
  code: string;
  of?: string | undefined;
  edition?: number;
  onEntered: (record: string) => void;
}

/** The copy that lies on this computer, or the next edition of what is shown, or an empty sheet. */
function Editing({ code, of, edition = 1, onEntered }: Edited): JSX.Element {
  const office = keeps();
  const key = keyOf(me()?.id ?? "", code);
  const [start] = useState(() => {
    const copy = kept(key)?.content;
    return of ? (copy ?? null) : { ...(copy ?? blank(today())), edition: 1 };
  });
  const asked = useAsked((signal) => (of && !start ? get<Shown>(`/api/v1/checklists/${of}`, signal) : Promise.resolve(null)), [of]);
  const content: Content | null = start ?? (asked.told ? next(asked.told, edition) : null);
  const leave = (): void => go(of ? path("checklists", of).slice(1) : "/checklists");
  if (!office) return <Empty title={word("why", "not-permitted")} />;
  if (!content) return asked.wrong ? <Trouble wrong={asked.wrong} again={asked.again} /> : <Loading />;
  return <Editor start={content} fresh={!of} keptAs={key} office={office} onEntered={onEntered} onLeave={leave} />;
}

interface Fault {
  sheet?: string;
  row?: number;
  column?: string;
  field?: string;
  reason: string;
}

/** A workbook or JSON; what is wrong with it is said by sheet, row and column. */
function BringIn({ onDone }: { onDone: () => void }): JSX.Element {
  const [wrong, setWrong] = useState<unknown>(null);
  const [done, setDone] = useState<string | null>(null);
  const bring = async (chosen: File | undefined): Promise<void> => {
    if (!chosen) return;
    setWrong(null);
    setDone(null);
    const type = chosen.name.endsWith(".json") ? "application/json" : EXCEL;
    try {
      const answer = await send("/api/v1/checklists", {
        method: "POST",
        body: new Blob([await chosen.arrayBuffer()], { type }),
        headers: { "Content-Type": type },
      });
      setDone(say(answer.status === 201 ? "broughtIn" : "thereAlready"));
      onDone();
    } catch (fault) {
      setWrong(fault);
    }
  };
  const faults = wrong instanceof Problem ? ((wrong.details.faults as Fault[] | undefined) ?? []) : [];
  return (
    <div class="bring">
      <ChooseFile label={say("bringIn")} accept={`.xlsx,.json,${EXCEL},application/json`} onChoose={bring} />
      {done && (
        <p class="notice well" role="status">
          {done}
        </p>
      )}
      {faults.length ? (
        <div class="notice wrong" role="alert">
          <strong>{say("faultsN", { n: faults.length })}</strong>
          <ul>
            {faults.map((one, index) => (
              <li key={index}>{[one.sheet, one.row && say("rowN", { n: one.row }), one.column, one.field, one.reason].filter(Boolean).join(" · ")}</li>
            ))}
          </ul>
        </div>
      ) : (
        <Trouble wrong={wrong} />
      )}
    </div>
  );
}

interface Sent {
  verb: string;
  push: Push;
  outcome?: Outcome;
  wrong?: unknown;
}

function One({ one, onChange }: { one: Checklist; onChange: () => void }): JSX.Element {
  const asked = useAsked((signal) => get<Content>(`/api/v1/checklists/${one.id}`, signal), [one.id, one.state]);
  const [sent, setSent] = useState<Sent | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [dropping, setDropping] = useState(false);
  const office = keeps();
  const key = keyOf(me()?.id ?? "", one.code ?? "");
  const draft = office ? kept(key) : null;
  const send_ = async (verb: string, push: Push): Promise<void> => {
    if (!office) return;
    setSent({ verb, push });
    try {
      setSent({ verb, push, outcome: await push(office) });
      onChange();
    } catch (fault) {
      setSent({ verb, push, wrong: fault });
    }
  };
  const step = (verb: string): void =>
    void send_(verb, change({ op: "update", kind: "template", record: one.id, version: one.version, fields: { state: { do: verb } } }));
  const save = (): void =>
    void file(`/api/v1/checklists/${one.id}?format=xlsx`).then((href) => saveAs(href, `${one.code}-${one.edition}.xlsx`), setWrong);
  return (
    <>
      <a href="#/checklists" class="back">
        ‹ {say("backChecklists")}
      </a>
      <header>
        <p class="line">
          <b class={`state ${one.state}`}>{word("listState", one.state)}</b> {one.code} · {say("edition", { n: one.edition })}
        </p>
        <h2 tabIndex={-1}>{one.title}</h2>
        <p class="muted">{asked.told?.citation}</p>
      </header>
      <section>
        <div class="buttons">
          <button type="button" onClick={save}>
            {say("saveWorkbook")}
          </button>
          {office && (
            <a class="button" href={path("checklists", one.id ?? "", EDIT)}>
              {draft ? say("goOnEditing", { at: moment(draft.at) }) : say("editNext")}
            </a>
          )}
          {draft && (
            <button type="button" onClick={() => setDropping(true)}>
              {say("dropDraft")}
            </button>
          )}
          {office && one.state === "draft" && (
            <button type="button" class="main" onClick={() => step("publish")}>
              {word("listVerb", "publish")}
            </button>
          )}
          {office && one.state !== "withdrawn" && (
            <button type="button" class="grave" onClick={() => step("withdraw")}>
              {word("listVerb", "withdraw")}
            </button>
          )}
        </div>
        {dropping && (
          <Dialog title={say("dropDraft")} onClose={() => setDropping(false)}>
            <p>{say("dropDraftAsk")}</p>
            <Ends onCancel={() => setDropping(false)}>
              <button type="button" class="grave" onClick={() => (drop(key), setDropping(false))}>
                {say("dropDraft")}
              </button>
            </Ends>
          </Dialog>
        )}
        {sent?.outcome && <Verdict outcome={sent.outcome} what={word("listVerb", sent.verb)} />}
        <Trouble wrong={sent?.wrong ?? wrong} again={() => sent && void send_(sent.verb, sent.push)} />
      </section>
      <section>
        {asked.told ? asked.told.sections.map((section) => <SectionOf key={section.code} section={section} />) : <Loading />}
        <Trouble wrong={asked.wrong} again={asked.again} />
      </section>
    </>
  );
}

const SectionOf = ({ section }: { section: Section }): JSX.Element => (
  <details>
    <summary>
      {section.code} {section.title} {section.marks ? <small>{say("marks", { n: section.marks })}</small> : null}
    </summary>
    {section.forms.map((form) => (
      <table class="items" key={form.code}>
        <caption>
          {form.code} {form.title}
        </caption>
        <tbody>
          {form.items.map((item) => (
            <tr key={item.code}>
              <th scope="row">{item.code}</th>
              <td>{item.title}</td>
              <td>{item.group ? word("itemGroup", item.group) : ""}</td>
              <td>{item.marks ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    ))}
  </details>
);
