/** Plans, the sites that are due under them, and who goes where on which day. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { uuid7 } from "../../sync/ids.ts";
import { useAsked } from "../asking.ts";
import { change } from "../changes.ts";
import { Became, Filing, type Sent, useWrites, type Write } from "../filing.tsx";
import { get, holds, type Said } from "../house.ts";
import { beat } from "../live.ts";
import { day, Empty, Loading, today, Trouble } from "../marks.tsx";
import { codes, listed, say, word } from "../words.ts";

type Assignment = Said<"Assignment">;
type Plan = Said<"Plan">;
const DAYS = 7;
const DAY_MS = 86_400_000;

const plus = (on: string, days: number): string => new Date(Date.parse(on) + days * DAY_MS).toISOString().slice(0, 10);

export function Plans(): JSX.Element {
  const plans = useAsked((signal) => get<Said<"Plans">>("/api/v1/plans", signal), [], beat.value);
  const due = useAsked((signal) => get<Said<"DueSites">>("/api/v1/plans/due", signal), [], beat.value);
  const board = useAsked((signal) => get<Said<"Assignments">>("/api/v1/assignments", signal), [], beat.value);
  const sites = useAsked((signal) => get<Said<"Projects">>("/api/v1/projects", signal), []).told?.items ?? [];
  const [sending, setSending] = useState<{ site?: string; plan?: string; on?: string } | null>(null);
  const writes = useWrites(() => [plans, due, board].forEach((asked) => asked.again()));
  const named = (dossier: string): string => sites.find((one) => one.dossier === dossier)?.name ?? dossier;
  const step = (kind: string, record: string, version: number, dossier: string, verb: string): void => {
    const push = change({ op: "update", kind, record, version, fields: { state: { do: verb } } });
    void writes.send({ what: word("planVerb", verb), send: () => push(dossier) });
  };
  return (
    <main id="figures" class="plans">
      <div class="buttons">
        <h2>{say("assignments")}</h2>
        <button type="button" class="main" onClick={() => setSending({})}>
          {say("assign")}
        </button>
      </div>
      <Became of={writes.last} again={writes.send} />
      <Trouble wrong={board.wrong ?? due.wrong ?? plans.wrong} again={board.again} />
      {board.told ? (
        <Board
          items={board.told.items}
          named={named}
          onCancel={(one) => step("assignment", one.id, one.version, one.dossier, "cancel")}
          onAdd={(on) => setSending({ on })}
        />
      ) : (
        <Loading />
      )}
      <h2>{say("dueSites")}</h2>
      {due.told && !due.told.items.length && <p class="muted">{say("nothingDue")}</p>}
      <ul class="list">
        {due.told?.items.map((one) => (
          <li key={one.dossier}>
            <b>{one.name}</b>
            <span class={`risk ${one.risk}`}>{word("risk", one.risk)}</span>
            <span>
              {say("lastVisit")} {one.last_visit ? day(one.last_visit) : "—"}
            </span>
            <span class={one.overdue ? "thin" : ""}>{say("visitBy", { on: day(one.due_on) })}</span>
            <button type="button" onClick={() => setSending({ site: one.dossier, plan: one.plan })}>
              {say("assign")}
            </button>
          </li>
        ))}
      </ul>
      <h2>{say("plans")}</h2>
      {plans.told && !plans.told.items.length && <Empty title={say("noPlans")} />}
      <ul class="list">
        {plans.told?.items.map((plan) => (
          <PlanLine key={plan.id} plan={plan} onStep={(verb) => step("plan", plan.id, plan.version, plan.dossier, verb)} />
        ))}
      </ul>
      {sending && (
        <Assign
          sites={sites}
          plans={(plans.told?.items ?? []).filter((plan) => plan.state === "approved")}
          given={sending}
          onEnd={writes.ended}
          onClose={() => setSending(null)}
        />
      )}
    </main>
  );
}

interface Boarding {
  items: Assignment[];
  named: (dossier: string) => string;
  onCancel: (one: Assignment) => void;
  onAdd: (on: string) => void;
}

/** What is late, the coming week day by day, and what comes after. */
function Board({ items, named, onCancel, onAdd }: Boarding): JSX.Element {
  const from = today();
  const columns: [string, string | null, Assignment[]][] = [
    [say("overdueVisits"), null, items.filter((one) => one.due_on < from)],
    ...Array.from({ length: DAYS }, (_, index): [string, string, Assignment[]] => {
      const on = plus(from, index);
      return [day(on), on, items.filter((one) => one.due_on === on)];
    }),
    [say("later"), null, items.filter((one) => one.due_on >= plus(from, DAYS))],
  ];
  return (
    <div class="board" tabIndex={0} role="region" aria-label={say("assignments")}>
      {columns.map(([title, on, list]) => (
        <section key={title}>
          <h3>
            {title} <small>{list.length || ""}</small>
          </h3>
          <ul>
            {list.map((one) => (
              <li key={one.id} class="visit">
                <b>{named(one.dossier)}</b>
                <span>{listed(one.officers.map((person) => person.name ?? "—"))}</span>
                <small>
                  {word("visit", one.inspection_type)}
                  {!on && ` · ${day(one.due_on)}`}
                </small>
                {holds(["supervisor"], one.dossier) && (
                  <button type="button" class="quiet" aria-label={`${word("planVerb", "cancel")}: ${named(one.dossier)}`} onClick={() => onCancel(one)}>
                    {word("planVerb", "cancel")}
                  </button>
                )}
              </li>
            ))}
          </ul>
          {on && (
            <button type="button" class="quiet" aria-label={`${say("assign")} ${title}`} onClick={() => onAdd(on)}>
              +
            </button>
          )}
        </section>
      ))}
    </div>
  );
}

function PlanLine({ plan, onStep }: { plan: Plan; onStep: (verb: string) => void }): JSX.Element {
  const leads = holds(["supervisor", "director"], plan.dossier);
  const given = (plan.frequency ?? {}) as Record<string, { times: number; months: number }>;
  const often = codes("risk").reverse().flatMap((risk) => {
    const { times, months } = given[risk] ?? { times: 0, months: 0 };
    return times ? [`${word("risk", risk)} ${say(months === 1 ? "monthly" : "every", { times, months })}`] : [];
  });
  return (
    <li>
      <b>{plan.title}</b>
      <span class={`state ${plan.state}`}>{word("planState", plan.state)}</span>
      <span>
        {day(plan.valid_from)} – {plan.valid_to ? day(plan.valid_to) : say("openEnd")}
      </span>
      <span class="muted">{listed(often)}</span>
      {leads && plan.state === "draft" && (
        <button type="button" class="main" onClick={() => onStep("approve")}>
          {word("planVerb", "approve")}
        </button>
      )}
      {leads && plan.state === "approved" && (
        <button type="button" onClick={() => onStep("end")}>
          {word("planVerb", "end")}
        </button>
      )}
    </li>
  );
}

interface Assigning {
  sites: Said<"Project">[];
  plans: Plan[];
  given: { site?: string; plan?: string; on?: string };
  onEnd: (sent: Sent) => void;
  onClose: () => void;
}

function Assign({ sites, plans, given, onEnd, onClose }: Assigning): JSX.Element {
  const [chosen, setSite] = useState(given.site ?? "");
  const site = chosen || (sites[0]?.dossier ?? ""); // the sites may come after the question
  const at = `/api/v1/projects/${encodeURIComponent(site)}/officers`;
  const officers = useAsked(
    async (signal) => (site ? get<Said<"Officers">>(at, signal) : { items: [] }),
    [at],
  );
  const [record] = useState(uuid7);
  const assign = (form: FormData): Write => {
    const fields: Record<string, unknown> = { officers: { add: form.getAll("officers").map(String), remove: [] } };
    for (const name of ["due_on", "inspection_type", "plan", "note"]) {
      const value = String(form.get(name) ?? "").trim();
      if (value) fields[name] = { set: value };
    }
    const push = change({ op: "create", kind: "assignment", record, audience: "field", fields });
    return { what: say("assign"), send: () => push(site) };
  };
  return (
    <Filing title={say("assign")} does={say("assign")} onSay={assign} onEnd={onEnd} onClose={onClose}>
      <label class="field">
        <span>{say("project")}</span>
        <select value={site} onChange={(event) => setSite(event.currentTarget.value)}>
          {sites.map((one) => (
            <option key={one.dossier} value={one.dossier}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("visitDay")}</span>
        <input name="due_on" type="date" required defaultValue={given.on ?? plus(today(), 1)} />
      </label>
      <label class="field">
        <span>{say("visitType")}</span>
        <select name="inspection_type">
          {codes("visit").map((code) => (
            <option key={code} value={code}>
              {word("visit", code)}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{word("noticeField", "officers")}</legend>
        {officers.told?.items.map((one) => (
          <label class="tick" key={one.id}>
            <input type="checkbox" name="officers" value={one.id} />
            <span>
              {one.name} <small>{one.licence_no ? `${one.licence_no} · ${say("until", { on: day(one.licence_until ?? "") })}` : say("noLicence")}</small>
            </span>
          </label>
        ))}
        <Trouble wrong={officers.wrong} again={officers.again} />
      </fieldset>
      <label class="field">
        <span>{say("underPlan")}</span>
        <select name="plan" defaultValue={given.plan ?? ""}>
          <option value="">—</option>
          {plans.map((plan) => (
            <option key={plan.id} value={plan.id}>
              {plan.title}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("words")}</span>
        <textarea name="note" rows={2} maxLength={2000} />
      </label>
    </Filing>
  );
}
