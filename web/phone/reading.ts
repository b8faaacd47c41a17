/** What the screens read out of the phone's own storage: the person's view, put together for a purpose. */

import type { Value } from "../sync/canonical.ts";
import { inUse, lastCode } from "../sync/checklists.ts";
import type { Body } from "../sync/merge.ts";
import type { Form, Given, Grading, Section } from "../sync/score.ts";
import { look, recordInView, type Seen } from "../sync/view.ts";
import { atWork, roles } from "./house.ts";
import { today } from "./marks.tsx";

export const text = (body: Body, name: string): string =>
  typeof body[name] === "string" ? (body[name] as string) : "";

export interface Evidence {
  stored: number;
  total: number;
}

export interface IssueLine {
  dossier: string;
  record: string;
  title: string;
  part: string;
  project: string;
  severity: string;
  state: string;
  due: string | undefined;
  over: boolean;
  found: string;
  mine: boolean;
  unsent: number;
  evidence: Evidence;
  cover: string | undefined;
}

export const LEADERS = ["supervisor", "director"];
export const OVER = ["closed", "dismissed", "merged", "settled", "withdrawn"];
const db = () => atWork().replica.db;

export async function projects(): Promise<Seen[]> {
  const found = [...(await look(db(), { kind: "project" })).values()];
  return found.sort((a, b) => text(a.body, "name").localeCompare(text(b.body, "name"), "zh-CN"));
}

/** Photographs by the record they belong to. */
async function photosBySubject(dossier?: string): Promise<Map<string, Seen[]>> {
  const found = await look(db(), { kind: "photo", ...(dossier && { dossier }) });
  const by = new Map<string, Seen[]>();
  for (const photo of found.values()) {
    const subject = text(photo.body, "subject");
    by.set(subject, [...(by.get(subject) ?? []), photo]);
  }
  return by;
}

export const evidenceOf = (photos: Seen[]): Evidence => ({
  stored: photos.filter(({ body }) => body.stored_at).length,
  total: photos.length,
});

/** All issues that this person sees, the newest first. */
export async function issues(): Promise<IssueLine[]> {
  const [found, photos, sites] = await Promise.all([look(db(), { kind: "issue" }), photosBySubject(), projects()]);
  const names = new Map(sites.map((site) => [site.dossier, text(site.body, "name")]));
  const me = atWork().user.id;
  const lines = [...found.values()].map((issue): IssueLine => {
    const { dossier, record, body, unsent } = issue;
    const taken = (photos.get(record) ?? []).sort((a, b) =>
      text(a.body, "taken_at") < text(b.body, "taken_at") ? -1 : 1,
    );
    const [state, due] = [text(body, "state"), text(body, "due_on") || undefined];
    return {
      dossier,
      record,
      title: text(body, "title"),
      part: text(body, "part"),
      project: names.get(dossier) ?? dossier,
      severity: text(body, "severity"),
      state,
      due,
      over: OVER.includes(state) || state === "passed",
      found: text(body, "found_at"),
      mine: body.found_by === me || body.assignee === me || issue.version === 0,
      unsent,
      evidence: evidenceOf(taken),
      cover: taken[0]?.record,
    };
  });
  return lines.sort((a, b) => Date.parse(b.found) - Date.parse(a.found));
}

export const isLate = ({ due, over }: IssueLine): boolean => due !== undefined && !over && due < today();

export async function issue(
  dossier: string,
  record: string,
): Promise<{ issue: Seen; photos: Seen[]; recordings: Seen[]; project: string } | null> {
  const [found, photos, attached, site] = await Promise.all([
    recordInView(db(), dossier, record),
    photosBySubject(dossier),
    look(db(), { dossier, kind: "attachment" }),
    projectName(dossier),
  ]);
  const recordings = [...attached.values()].filter(
    ({ body }) => body.subject === record && text(body, "mime").startsWith("audio/"),
  );
  const taken = (photos.get(record) ?? []).sort((a, b) =>
    text(a.body, "taken_at") < text(b.body, "taken_at") ? -1 : 1,
  );
  return found ? { issue: found, photos: taken, recordings, project: site } : null;
}

export async function projectName(dossier: string): Promise<string> {
  const [site] = [...(await look(db(), { dossier, kind: "project" })).values()];
  return site ? text(site.body, "name") : dossier;
}

/** What an organisation is called, by its record's id; null where this phone has none. */
export async function organisationName(id: string): Promise<string | null> {
  const row = await db().shadow.where("record").equals(id).first();
  return row?.kind === "organisation" ? text(row.body, "name") : null;
}

export interface Sheet {
  inspection: Seen;
  project: string;
  template: Seen | null;
  sections: Section[];
  grading: Grading | null;
  answers: (Given & { record: string; note: string; unsent: number })[];
  photos: Map<string, Seen[]>;
}

/** An inspection with its checklist, what was answered, and by what it is graded. */
export async function sheet(dossier: string, record: string): Promise<Sheet | null> {
  const inspection = await recordInView(db(), dossier, record);
  if (!inspection) return null;
  const [templates, given, photos, project] = await Promise.all([
    look(db(), { kind: "template" }),
    look(db(), { dossier, kind: "answer" }),
    photosBySubject(dossier),
    projectName(dossier),
  ]);
  const template = templates.get(text(inspection.body, "checklist")) ?? null;
  const answers = [...given.values()]
    .filter(({ body }) => body.inspection === record)
    .map(({ record: id, body, unsent }) => ({
      ...(body as unknown as Given),
      record: id,
      note: text(body, "note"),
      unsent,
    }));
  const grading = template && (await gradingOf(text(template.body, "grades"), text(inspection.body, "arrived_at")));
  const sections = (template?.body.sections ?? []) as unknown as Section[];
  return { inspection, project, template, sections, grading, answers, photos };
}

/** The provision that held on the day of the visit. */
async function gradingOf(code: string, at: string): Promise<Grading | null> {
  const day = at.slice(0, 10);
  const held = [...(await look(db(), { kind: "provision" })).values()]
    .map(({ body }) => body)
    .filter(
      (body) =>
        body.code === code && text(body, "valid_from") <= day && (!body.valid_to || text(body, "valid_to") >= day),
    )
    .sort((a, b) => (text(a, "valid_from") < text(b, "valid_from") ? 1 : -1));
  return (held[0]?.value as unknown as Grading | undefined) ?? null;
}

/** The checklists that are used today, first the one by which this person last visited the project. */
export async function checklistsOfToday(dossier: string): Promise<{ offered: Seen[]; last: string | undefined }> {
  const [editions, visits] = await Promise.all([
    look(db(), { kind: "template" }),
    look(db(), { dossier, kind: "inspection" }),
  ]);
  const last = lastCode(visits.values(), editions, atWork().user.id ?? "");
  const offered = inUse(editions.values(), today());
  return { offered: offered.sort((a, b) => Number(b.body.code === last) - Number(a.body.code === last)), last };
}

export const formOf = (sections: Section[], code: string): Form | undefined =>
  sections.flatMap((section) => section.forms).find((form) => form.code === code);

export interface Day {
  assignments: { seen: Seen; project: string }[];
  reinspections: IssueLine[];
  inspections: { seen: Seen; project: string }[];
}

/** What waits for this person, the first due first. */
export async function myDay(): Promise<Day> {
  const me = atWork().user.id;
  const [assigned, visits, all, sites] = await Promise.all([
    look(db(), { kind: "assignment" }),
    look(db(), { kind: "inspection" }),
    issues(),
    projects(),
  ]);
  const names = new Map(sites.map((site) => [site.dossier, text(site.body, "name")]));
  const mine = (seen: Seen): boolean => ((seen.body.officers as Value[] | undefined) ?? []).includes(me ?? "");
  const named = (seen: Seen) => ({ seen, project: names.get(seen.dossier) ?? seen.dossier });
  const first = (field: string) => (a: { seen: Seen }, b: { seen: Seen }) =>
    text(a.seen.body, field) < text(b.seen.body, field) ? -1 : 1;
  return {
    assignments: [...assigned.values()]
      .filter((seen) => seen.body.state === "open" && mine(seen))
      .map(named)
      .sort(first("due_on")),
    reinspections: all.filter((line) => ["replied", "on_spot"].includes(line.state)),
    inspections: [...visits.values()]
      .filter((seen) => seen.body.state === "draft" && mine(seen))
      .map(named)
      .sort(first("arrived_at"))
      .reverse(),
  };
}

/** Handovers that this person is to sign: as one of the two, or as a leader where nobody answers for the site. */
export async function toSign(): Promise<Seen[]> {
  const me = atWork().user.id;
  const leads = (dossier: string): boolean => roles(dossier).some((role) => LEADERS.includes(role));
  const sites = [...(await look(db(), { kind: "project" })).values()];
  const over = new Set(sites.filter(({ body }) => body.stage === "ended").map(({ dossier }) => dossier));
  return [...(await look(db(), { kind: "handover" })).values()].filter(
    ({ dossier, body: { state, giver, taker, given_at, taken_at } }) =>
      state === "proposed" &&
      !over.has(dossier) &&
      ((giver === me && !given_at) || (taker === me && !taken_at) || (!giver && !given_at && leads(dossier))),
  );
}

/** Open conflicts and parked work; the author's own copy only where the record itself is out of sight. */
export async function waiting(): Promise<Seen[]> {
  const [conflicts, parked] = await Promise.all([look(db(), { kind: "conflict" }), look(db(), { kind: "parked" })]);
  const open = [...conflicts.values(), ...parked.values()].filter(({ body }) => body.open);
  const home = new Set(open.filter(({ dossier }) => !dossier.startsWith("person:")).map(({ record }) => record));
  return open.filter(({ dossier, body }) => !dossier.startsWith("person:") || !home.has(text(body, "home_record")));
}

/** A few words by which people recognise a record. */
export async function label(dossier: string, record: string, kind: string): Promise<string> {
  const found = await recordInView(db(), dossier, record);
  const body = found?.body ?? {};
  return (
    text(body, "title") ||
    text(body, "name") ||
    text(body, "item") ||
    text(body, "caption") ||
    kind.charAt(0).toUpperCase() + kind.slice(1)
  );
}
