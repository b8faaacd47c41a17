/** 今日: what waits for this person, and what they have begun. */

import type { JSX } from "preact";

import type { DraftRow } from "../../sync/tables.ts";
import { atWork, connection } from "../house.ts";
import { rooms } from "../later.ts";
import { useLive } from "../live.ts";
import { Deadline, Empty, moment, Picture, Section } from "../marks.tsx";
import { issues, isLate, myDay, text, toSign } from "../reading.ts";
import { path } from "../route.ts";
import { say, word } from "../words.ts";
import { IssueRow } from "./issues.tsx";

const named = ({ kind, values }: DraftRow): string =>
  kind === "issue" ? say("newIssue") : [word("kind", kind), text(values, "name")].filter(Boolean).join(" · ");

export function Day(): JSX.Element {
  const told = useLive(myDay, []);
  const drafts = useLive(() => atWork().replica.db.drafts.orderBy("id").reverse().toArray(), []);
  const loading = useLive(async () => (await atWork().replica.db.cursors.toArray()).some((cursor) => cursor.more), []);
  const signing = useLive(toSign, []);
  const late = useLive(async () => (await issues()).filter((line) => line.mine && isLate(line)), []);
  if (!told || !drafts) return <main />;
  const { assignments, reinspections, inspections } = told;
  const nothing =
    !signing?.length &&
    !assignments.length &&
    !reinspections.length &&
    !inspections.length &&
    !drafts.length &&
    !late?.length;
  return (
    <main>
      {loading && connection.value !== "offline" && (
        <p class="notice" role="status">
          {say("firstLoad")}
        </p>
      )}
      {rooms.value && <rooms.value.ToSign />}
      {nothing && <Empty title={say("nothingToday")} hint={say("nothingTodayHint")} />}
      {drafts.length > 0 && (
        <Section title={say("drafts")}>
          <ul class="cards">
            {drafts.map((draft) => (
              <li key={draft.id}>
                <a class="card row" href={`#${draft.route}`}>
                  <span class="thumb">{draft.shots[0] ? <Picture photo={draft.shots[0].photo} alt="" /> : null}</span>
                  <span class="grow">
                    <b>{text(draft.values, "title") || text(draft.values, "description") || named(draft)}</b>
                    <small>
                      {say("draftKept")} · {moment(new Date(draft.saved).toISOString())}
                    </small>
                  </span>
                  <span class="go">{say("continue")}</span>
                </a>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {assignments.length > 0 && (
        <Section title={say("assignments")}>
          <ul class="cards">
            {assignments.map(({ seen, project }) => (
              <li key={seen.record}>
                <a class="card" href={`#${path("projects", seen.dossier)}?assignment=${seen.record}`}>
                  <b>{project}</b>
                  <small>
                    {word("inspection_type", text(seen.body, "inspection_type"))} ·{" "}
                    <Deadline on={text(seen.body, "due_on")} over={false} />
                  </small>
                  {text(seen.body, "note") && <small>{text(seen.body, "note")}</small>}
                </a>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {reinspections.length > 0 && (
        <Section title={say("reinspections")}>
          <ol class="rows">
            {reinspections.map((line) => (
              <li key={line.record}>
                <IssueRow line={line} />
              </li>
            ))}
          </ol>
        </Section>
      )}
      {inspections.length > 0 && (
        <Section title={say("myDrafts")}>
          <ul class="cards">
            {inspections.map(({ seen, project }) => (
              <li key={seen.record}>
                <a class="card" href={`#${path("inspections", seen.dossier, seen.record)}`}>
                  <b>{project}</b>
                  <small>
                    {word("inspection_type", text(seen.body, "inspection_type"))} ·{" "}
                    {moment(text(seen.body, "arrived_at"))}
                  </small>
                </a>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {late && late.length > 0 && (
        <Section title={say("lateIssues")}>
          <ol class="rows">
            {late.slice(0, 20).map((line) => (
              <li key={line.record}>
                <IssueRow line={line} />
              </li>
            ))}
          </ol>
        </Section>
      )}
    </main>
  );
}
