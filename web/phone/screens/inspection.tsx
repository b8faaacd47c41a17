/** 检查: a visit by its checklist, with what it comes to so far. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Fields, sets } from "../../sync/change.ts";
import { type FormScore, type Score, score, type Section as Part } from "../../sync/score.ts";
import { Attachments } from "../attached.tsx";
import { followPosition } from "../camera.ts";
import { saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { Empty, Icon, moment, Section, State } from "../marks.tsx";
import { Choice, Dialog, Words } from "../parts.tsx";
import { type Sheet, sheet, text } from "../reading.ts";
import { go, path } from "../route.ts";
import { announce } from "../toast.ts";
import { codes, say, word } from "../words.ts";
import { Signatures } from "./signing.tsx";

export function Inspection({ dossier, record }: { dossier: string; record: string }): JSX.Element {
  const told = useLive(() => sheet(dossier, record), [dossier, record]);
  const [finishing, setFinishing] = useState(false);
  useEffect(followPosition, []);
  if (told === undefined) return <main />;
  if (!told)
    return (
      <main>
        <Empty title={say("gone")} />
      </main>
    );
  const { inspection, project, sections } = told;
  const result = score(told.answers, sections, told.grading);
  const state = text(inspection.body, "state");
  return (
    <main>
      <header class="lead">
        <p class="marks">
          <State of={state} />
          {inspection.unsent > 0 && <b class="unsent">{say("notSent")}</b>}
        </p>
        <h1>{project}</h1>
        <p>
          {word("inspection_type", text(inspection.body, "inspection_type"))} ·{" "}
          {moment(text(inspection.body, "arrived_at"))}
        </p>
      </header>
      <Total result={result} />
      {sections.map((section) => (
        <Section key={section.code} title={`${section.code} ${section.title}`}>
          <ul class="cards">
            {section.forms.map((form) => (
              <FormLines key={form.code} told={told} form={form} scores={result.forms} />
            ))}
          </ul>
        </Section>
      ))}
      {!sections.length && <Empty title={say("checklist")} hint={say("firstLoad")} />}
      <Attachments of={inspection} spoken />
      <Signatures inspection={inspection} closed={state !== "draft"} />
      {state === "draft" && (
        <footer class="acts">
          <button type="button" class="main" onClick={() => setFinishing(true)}>
            {say("finish")}
          </button>
        </footer>
      )}
      {finishing && <Finish told={told} onClose={() => setFinishing(false)} />}
    </main>
  );
}

function Total({ result }: { result: Score }): JSX.Element {
  return (
    <p class="total">
      <span>{say("score")}</span>
      <strong>{result.total ?? "—"}</strong>
      {result.grade && <b class={`badge ${result.grade}`}>{word("grade", result.grade)}</b>}
      <small>{say("scoreHint")}</small>
    </p>
  );
}

/** One form, once for each object it was filled in for. */
function FormLines({
  told,
  form,
  scores,
}: {
  told: Sheet;
  form: Part["forms"][number];
  scores: FormScore[];
}): JSX.Element {
  const { dossier, record } = told.inspection;
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const given = [...new Set(told.answers.filter((one) => one.form === form.code).map((one) => one.instance))].sort();
  const instances = given.length ? given : [""];
  // NFC, no bar, no space at either end: the name is part of the answers' ids (docs/protocol.md).
  const clean = name.normalize("NFC").replaceAll("|", "").trim();
  return (
    <>
      {instances.map((instance) => {
        const found = scores.find((one) => one.code === form.code && one.instance === instance);
        const answered = told.answers.filter(
          (one) => one.form === form.code && one.instance === instance && one.item !== "*",
        ).length;
        const denied = told.answers.some(
          (one) => one.form === form.code && one.instance === instance && one.item === "*" && one.result === "na",
        );
        return (
          <li key={instance}>
            <a class="card row" href={`#${path("inspections", dossier, record, form.code, instance || "-")}`}>
              <span class="grow">
                <b>
                  {form.title}
                  {instance && ` · ${instance}`}
                </b>
                <small>
                  {denied && !answered ? word("result", "na") : say("answered", { n: answered, of: form.items.length })}
                </small>
              </span>
              <strong class={found?.zero ? "late" : ""}>{found?.score ?? ""}</strong>
            </a>
          </li>
        );
      })}
      {form.repeats && (
        <li>
          <button type="button" class="quiet" onClick={() => setNaming(true)}>
            <Icon name="plus" />
            {say("addInstance")}
          </button>
          {naming && (
            <Dialog title={say("addInstance")} onClose={() => setNaming(false)}>
              <Words label={say("instanceName")} value={name} most={60} onSay={setName} />
              <div class="menu">
                <button
                  type="button"
                  class="main"
                  disabled={!clean}
                  onClick={() => go(path("inspections", dossier, record, form.code, clean))}
                >
                  {say("continue")}
                </button>
              </div>
            </Dialog>
          )}
        </li>
      )}
    </>
  );
}

function Finish({ told, onClose }: { told: Sheet; onClose: () => void }): JSX.Element {
  const { dossier, record, body } = told.inspection;
  const [conclusion, setConclusion] = useState(text(body, "conclusion"));
  const [note, setNote] = useState(text(body, "note"));
  const [fault, setFault] = useState<string | null>(null);
  const finish = async (): Promise<void> => {
    if (!conclusion) return setFault(say("conclusionNeeded"));
    await saving((replica) => {
      const said: Fields = {
        ...sets({ conclusion, note: note || null, left_at: replica.stamp() }),
        state: { do: "finish" },
      };
      return replica.update(dossier, record, said);
    });
    announce(say("saved"));
    onClose();
  };
  return (
    <Dialog title={say("finish")} onClose={onClose}>
      <p class="muted">{say("finishHint")}</p>
      <Choice
        name="conclusion"
        table="conclusion"
        of={codes("conclusion")}
        value={conclusion}
        label={word("fields", "conclusion")}
        onChoose={setConclusion}
      />
      <Words label={word("fields", "note")} value={note} rows={3} onSay={setNote} />
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="button" class="main" onClick={() => void finish().catch(tell)}>
          {say("finish")}
        </button>
      </div>
    </Dialog>
  );
}
