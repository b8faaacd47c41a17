/** 我的项目: the sites, and one of them with what is open there, who is responsible, and a visit to begin. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Fields, sets } from "../../sync/change.ts";
import { organisationId } from "../../sync/ids.ts";
import type { Body } from "../../sync/merge.ts";
import { look, type Seen } from "../../sync/view.ts";
import { fix, followPosition, position } from "../camera.ts";
import { atWork, saving } from "../house.ts";
import { rooms } from "../later.ts";
import { useLive } from "../live.ts";
import { day, daysLate, Empty, Icon, moment, Section, State } from "../marks.tsx";
import { checklistsOfToday, issues, organisationName, OVER, projects, text } from "../reading.ts";
import { go, path, query, route } from "../route.ts";
import { codes, say, word } from "../words.ts";
import type { Asked } from "./which-checklist.tsx";

export function Projects(): JSX.Element {
  const sites = useLive(projects, []);
  const open = useLive(openByDossier, []);
  if (!sites) return <main />;
  if (!sites.length)
    return (
      <main>
        <Empty title={say("noProjects")} hint={say("noProjectsHint")} />
      </main>
    );
  return (
    <main>
      <a class="button" href="#/scan">
        <Icon name="code" />
        {say("scan")}
      </a>
      <ul class="cards">
        {sites.map(({ dossier, record, body }) => (
          <li key={record}>
            <a class={`card risk ${text(body, "risk")}`} href={`#${path("projects", dossier)}`}>
              <b>{text(body, "name")}</b>
              <small>
                {stage(body)} · {word("fields", "risk")} {word("risk", text(body, "risk"))} ·{" "}
                {say("openIssues", { n: open?.get(dossier) ?? 0 })}
              </small>
              <small>{text(body, "address")}</small>
              <Finish body={body} />
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}

// 停工 is a halt on the way and no step of it. Gates between the steps are not kept (decision 0046).
const STEPS = codes("stage").filter((code) => code !== "suspended");
const step = (body: Body): number => STEPS.indexOf(text(body, "stage")) + 1;

/** "在建 8/14". */
const stage = (body: Body): string =>
  word("stage", text(body, "stage")) + (step(body) ? ` ${step(body)}/${STEPS.length}` : "");

/** When it is to be finished; as late while it is not, which is until its acceptance is filed. */
function Finish({ body }: { body: Body }): JSX.Element | null {
  const on = text(body, "planned_finish_on");
  const n = on ? daysLate(on) : 0;
  if (!on || step(body) > STEPS.indexOf("completion_acceptance") + 1) return null;
  const told = say("finishPlanned", { on: day(on) });
  return n > 0 ? <small class="late">{`${told} · ${say("finishPast", { n })}`}</small> : <small>{told}</small>;
}

async function openByDossier(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { dossier, state } of await issues()) {
    if (!OVER.includes(state)) counts.set(dossier, (counts.get(dossier) ?? 0) + 1);
  }
  return counts;
}

const FACTS = ["project_type", "address", "permit_no", "started_on"];
// An issue's contractor is who answers for it (责任单位), a project's is who builds (施工单位).
const PARTIES = { client: "client", contractor: "main_contractor", supervision_firm: "supervision_firm" };

export function Project({ dossier }: { dossier: string }): JSX.Element {
  useEffect(followPosition, []);
  const site = useLive(
    async () => [...(await look(atWork().replica.db, { dossier, kind: "project" })).values()][0] ?? null,
    [dossier],
  );
  const visits = useLive(
    async () => [...(await look(atWork().replica.db, { dossier, kind: "inspection" })).values()],
    [dossier],
  );
  const open = useLive(openByDossier, []);
  const [busy, setBusy] = useState(false);
  const [showing, setShowing] = useState(false);
  const [asking, setAsking] = useState<Asked | null>(null);
  if (site === undefined) return <main />;
  if (!site)
    return (
      <main>
        <Empty title={say("gone")} />
      </main>
    );
  const { body } = site;
  const beginBy = async (template: Seen | undefined): Promise<void> => {
    setAsking(null);
    setBusy(true);
    const record = await startInspection(dossier, query(route.value).get("assignment"), template);
    go(path("inspections", dossier, record));
  };
  const begin = async (): Promise<void> => {
    const found = await checklistsOfToday(dossier);
    await (found.offered.length > 1 ? setAsking(found) : beginBy(found.offered[0]));
  };
  const known = (names: string[]): string[] => names.filter((name) => body[name]);
  return (
    <main>
      <header class="lead">
        <h1>{text(body, "name")}</h1>
        <p>
          {stage(body)} · {word("fields", "risk")} {word("risk", text(body, "risk"))}
        </p>
        {step(body) > 0 && <progress value={step(body)} max={STEPS.length} aria-label={word("fields", "stage")} />}
        <Finish body={body} />
      </header>
      <div class="duo">
        <button type="button" class="main" disabled={busy} onClick={() => void begin()}>
          {say("startInspection")}
        </button>
        <a class="button" href={`#/issues?dossier=${encodeURIComponent(dossier)}`}>
          {say("seeIssues")} {open?.get(dossier) ?? 0}
        </a>
      </div>
      {asking && rooms.value && (
        <rooms.value.WhichChecklist {...asking} onChoose={(one) => void beginBy(one)} onClose={() => setAsking(null)} />
      )}
      {rooms.value && <rooms.value.Responsible site={site} />}
      <Section title={say("facts")}>
        <dl>
          {known(FACTS).map((name) => (
            <Fact key={name} name={name} value={name.endsWith("_on") ? day(text(body, name)) : text(body, name)} />
          ))}
        </dl>
      </Section>
      <Section title={say("contacts")}>
        <dl>
          {Object.entries(PARTIES)
            .filter(([name]) => body[name])
            .map(([name, called]) => (
              <Fact key={name} name={called} value={<Named code={text(body, name)} />} />
            ))}
          {body.street && <Fact name="street" value={<Named code={text(body, "street")} />} />}
        </dl>
      </Section>
      {rooms.value && <rooms.value.Contacts site={site} />}
      {rooms.value && <rooms.value.SiteMap dossier={dossier} />}
      <button type="button" onClick={() => setShowing(true)}>
        <Icon name="code" />
        {say("siteCode")}
      </button>
      {showing && rooms.value && (
        <rooms.value.SiteCode dossier={dossier} name={text(body, "name")} onClose={() => setShowing(false)} />
      )}
      {visits && visits.length > 0 && (
        <Section title={say("inspections")}>
          <ul class="cards">
            {visits
              .sort((a, b) => (text(a.body, "arrived_at") < text(b.body, "arrived_at") ? 1 : -1))
              .map((visit) => (
                <li key={visit.record}>
                  <a class="card" href={`#${path("inspections", dossier, visit.record)}`}>
                    <b>
                      {word("inspection_type", text(visit.body, "inspection_type"))}{" "}
                      <State of={text(visit.body, "state")} />
                    </b>
                    <small>{moment(text(visit.body, "arrived_at"))}</small>
                  </a>
                </li>
              ))}
          </ul>
        </Section>
      )}
    </main>
  );
}

/** Whom a code names, as far as this phone knows; the code stands beside, for it is what records hold. */
export function Named({ code }: { code: string }): JSX.Element {
  const [id, setId] = useState("");
  useEffect(() => void organisationId(code).then(setId), [code]);
  const name = useLive(async () => (id ? organisationName(id) : null), [id]);
  if (!name) return <>{code}</>;
  return (
    <>
      {name} <small class="under">{code}</small>
    </>
  );
}

export const Fact = ({ name, value }: { name: string; value: ComponentChildren }): JSX.Element => (
  <div>
    <dt>{word("fields", name)}</dt>
    <dd>{value}</dd>
  </div>
);

/** A visit begins: now, here, by the checklist that was chosen; by none where none is used today. */
async function startInspection(dossier: string, assignment: string | null, template?: Seen): Promise<string> {
  const { user, replica } = atWork();
  const given = assignment ? (await look(replica.db, { dossier, kind: "assignment" })).get(assignment) : undefined;
  const told = {
    inspection_type: text(given?.body ?? {}, "inspection_type") || "routine",
    arrived_at: replica.stamp(),
    checklist: template?.record,
    checklist_edition: template?.body.edition,
    assignment: given?.record,
    plan: text(given?.body ?? {}, "plan") || undefined,
    ...position(fix.value),
  };
  const fields: Fields = { ...sets(told), officers: { add: [user.id ?? ""] } };
  return saving(() => replica.create(dossier, "inspection", fields));
}
