/** The office's measures: each with what it is made of, of which cohort, as of which day. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { get, type Said } from "../house.ts";
import { Choice, day, Loading, Trouble } from "../marks.tsx";
import { language, say, type Word, word } from "../words.ts";

type Report = Said<"Report">;
type Rate = Said<"Rate">;
type Times = Said<"Times">;

const RATES = ["rectified", "on_time", "passed_first", "repeated", "major_cleared", "overdue", "proven"] as const;
const ALL = [...RATES, "time"] as const;
const BY = ["office", "street", "firm", "project", "domain"] as const;
type Measure = (typeof ALL)[number];
const SHOWN = 60; // bars; more are told by the API

export function Measures(): JSX.Element {
  const [asked, setAsked] = useState({ from: "", to: "", cut_off: "", by: "street" });
  const [bars, setBars] = useState<Measure>("overdue");
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  const { told, wrong, again, busy } = useAsked(
    (signal) => get<Report>(`/api/v1/measures?${query}`, signal),
    [asked, language.value],
  );
  const [kept, setKept] = useState<Report | null>(null); // stays while another one is computed
  if (told && told !== kept) setKept(told);
  const report = told ?? kept;
  const days: Record<string, string> = { from: report?.cohort.from ?? "", to: report?.cohort.to ?? "", cut_off: report?.cut_off ?? "" };
  const date = (name: "from" | "to" | "cut_off", label: Word): JSX.Element => (
    <label>
      <span>{say(label)}</span>
      <input
        type="date"
        name={name}
        value={asked[name] || days[name]}
        onChange={(event) => setAsked({ ...asked, [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <main id="figures">
      <form id="cohort" role="search" aria-label={say("measures")} onSubmit={(event) => event.preventDefault()}>
        {date("from", "issuedFrom")}
        {date("to", "issuedTo")}
        {date("cut_off", "cutOff")}
        <Choice
          label={say("groupedBy")}
          value={asked.by}
          of={BY.map((code) => [code, say(`by-${code}`)] as const)}
          onChoose={(by) => setAsked({ ...asked, by })}
        />
        <Choice
          label={say("barsShow")}
          value={bars}
          of={ALL.map((code) => [code, say(`measure-${code}`)] as const)}
          onChoose={(code) => setBars(code as Measure)}
        />
      </form>
      <Trouble wrong={wrong} again={again} />
      <section id="measured" aria-label={say("measures")} aria-busy={busy}>
        {report ? <Told report={report} bars={bars} /> : busy && <Loading />}
      </section>
    </main>
  );
}

function Told({ report, bars }: { report: Report; bars: Measure }): JSX.Element {
  const { cohort, cut_off: on } = report;
  const said = [say("cohortSaid", { from: day(cohort.from), to: day(cohort.to), on: day(on) })];
  if (!report.final) said.push(say("notFinal"));
  if (report.uncounted) said.push(say("uncounted", { n: report.uncounted }));
  if (report.calendar_missing.length) said.push(say("calendarMissing", { years: report.calendar_missing.join("、") }));
  return (
    <>
      <p class="muted">{said.join(" ")}</p>
      <dl class="cards">
        {ALL.map((name) => (
          <Card key={name} name={name} measure={report.whole[name]} />
        ))}
      </dl>
      {report.by !== "office" && <Bars report={report} name={bars} />}
    </>
  );
}

/** A measure's figure, and what it is made of. */
function figure(measure: Rate | Times): [string | null, string] {
  if ("median" in measure) {
    const { median, mean, p90, count } = measure;
    if (median === null) return [null, say("closedOnes", { n: count })];
    return [say("hours", { n: median }), say("timesSaid", { mean: mean ?? 0, p90: p90 ?? 0, n: count })];
  }
  const { value, numerator, denominator } = measure;
  return [value === null ? null : `${(value * 100).toFixed(1)}%`, `${numerator ?? "—"} / ${denominator}`];
}

function Card({ name, measure }: { name: Measure; measure: Rate | Times }): JSX.Element {
  const [value, made] = figure(measure);
  return (
    <div class="card">
      <dt>{say(`measure-${name}`)}</dt>
      <dd class="figure">{value ?? "—"}</dd>
      <dd>{made}</dd>
      {measure.why && <dd class="thin">{say(`why-${measure.why}`)}</dd>}
      <dd class="muted">{say(`means-${name}`)}</dd>
    </div>
  );
}

function Bars({ report, name }: { report: Report; name: Measure }): JSX.Element {
  const shown = report.groups.slice(0, SHOWN);
  const value = (measure: Rate | Times): number => ("median" in measure ? measure.median : measure.value) ?? 0;
  const most = name === "time" ? Math.max(1, ...shown.map((group) => value(group.measures.time))) : 1;
  const title = `${say(`measure-${name}`)} · ${say(`by-${report.by}`)}`;
  if (!shown.length) {
    return (
      <>
        <h2>{title}</h2>
        <p class="empty">{say("noGroups")}</p>
      </>
    );
  }
  const rest = report.groups.length - shown.length;
  return (
    <>
      <table class="bars">
        <caption>{title}</caption>
        <tbody>
          {shown.map((group) => {
            const [told, made] = figure(group.measures[name]);
            return (
              <tr key={group.key}>
                <th scope="row" title={group.name ? (group.key ?? undefined) : undefined}>{label(report.by, group)}</th>
                <td>
                  <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="whole" width="100" height="10" />
                    <rect class="part" width={(100 * value(group.measures[name])) / most} height="10" />
                  </svg>
                </td>
                <td>
                  <b>{told ?? "—"}</b>
                  <small> {made}</small>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rest > 0 && <p class="muted">{say("moreGroups", { n: rest })}</p>}
    </>
  );
}

function label(by: string, { key, name }: Said<"Group">): string {
  if (key === null) return say("unnamed");
  return by === "domain" ? word("domain", key) : (name ?? key);
}
