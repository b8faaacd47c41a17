/**
 * What answers come to under one edition of a checklist (JGJ 59-2011); pure and exact.
 *
 * The phone shows it without signal; what counts is the server's, which computes the same
 * (server/inspections/rules.py, tests/vectors/score.json). Nothing is rounded before it is shown.
 */

export type Result = "na" | "ok" | "fault";
export const RESULTS: Result[] = ["na", "ok", "fault"]; // from mild to grave
export const ALL_ITEMS = "*"; // one answer for a whole form that is not on this site
const FULL = 100n;

export interface Given {
  form: string;
  instance: string;
  item: string;
  result: Result;
  deduct?: number | null;
  measurement?: string | null;
}

export interface Item {
  code: string;
  title: string;
  group?: "guarantee" | "general";
  marks?: number;
  photo_required?: boolean;
  condition?: { item: string; result: Result };
  measurement?: { unit: string; decimals: number; least?: string; most?: string };
}

export interface Form {
  code: string;
  title: string;
  repeats?: boolean;
  items: Item[];
}

export interface Section {
  code: string;
  title: string;
  marks?: number;
  forms: Form[];
}

export interface Grading {
  excellent: number;
  passed: number;
  guarantee_least: number;
}

export interface FormScore {
  section: string;
  code: string;
  instance: string;
  got: number;
  full: number;
  score: string | null;
  zero: "guarantee-item" | "guarantee-subtotal" | null;
  missing: string[];
}

export interface SectionScore {
  code: string;
  score: string | null;
  got: string | null;
  left_out: boolean;
}

export interface Score {
  forms: FormScore[];
  sections: SectionScore[];
  total: string | null;
  grade: "excellent" | "passed" | "failed" | null;
  complete: boolean;
}

/** A fraction: whole numbers over a positive one. */
interface Part {
  of: bigint;
  over: bigint;
}

const part = (of: bigint, over: bigint): Part => ({ of, over });
const plus = (a: Part, b: Part): Part => part(a.of * b.over + b.of * a.over, a.over * b.over);
const isLess = (a: Part, b: number): boolean => a.of < BigInt(b) * a.over;

/** Marks as people read them: two decimals, half up. */
function shown({ of, over }: Part): string {
  const hundredths = (of * 200n + over) / (2n * over);
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

interface Filled extends FormScore {
  exact: Part | null;
}

export function score(answers: Given[], sections: Section[], grading: Grading | null = null): Score {
  const given = byForm(answers);
  const filled: Filled[] = [];
  const summed = sections.map((section) => {
    const [forms, denied] = formsOf(section, given, grading);
    filled.push(...forms);
    return sectionScore(section, forms, denied);
  });
  return summary(filled, summed, grading);
}

type Said = Map<string, Given>;

const keyOf = (form: string, instance: string): string => `${form}|${instance}`;

/** Answers by form and instance, then item. Of several to one item the gravest counts. */
function byForm(answers: Given[]): Map<string, Said> {
  const found = new Map<string, Said>();
  for (const answer of [...answers].sort((a, b) => gravity(a) - gravity(b))) {
    const key = keyOf(answer.form, answer.instance);
    const said = found.get(key) ?? new Map<string, Given>();
    found.set(key, said.set(answer.item, answer));
  }
  return found;
}

const gravity = ({ result, deduct }: Given): number => RESULTS.indexOf(result) * 1_000 + (deduct ?? -1);

function formsOf(section: Section, given: Map<string, Said>, grading: Grading | null): [Filled[], boolean] {
  const filled: Filled[] = [];
  let denied = false;
  for (const form of section.forms) {
    const named = [...given.keys()].filter((key) => key.startsWith(keyOf(form.code, ""))).sort();
    for (const key of named) {
      const said = given.get(key) as Said;
      const instance = key.slice(form.code.length + 1);
      if (form.items.some((item) => said.has(item.code)))
        filled.push(formScore(section, form, instance, said, grading));
      else if (said.get(ALL_ITEMS)?.result === "na") denied = true;
    }
  }
  return [filled, denied];
}

function formScore(section: Section, form: Form, instance: string, said: Said, grading: Grading | null): Filled {
  const missing: string[] = [];
  let [got, full, guaranteeGot, guaranteeFull, guaranteeAll] = [0, 0, 0, 0, 0];
  let [nought, waits] = [false, false];
  for (const item of form.items) {
    const [answer, marks, guaranteed] = [said.get(item.code), item.marks ?? 0, item.group === "guarantee"];
    if (guaranteed) guaranteeAll += marks;
    if (!isAsked(item, said) || answer?.result === "na") continue;
    if (!answer || (marks && answer.result === "fault" && (answer.deduct ?? null) === null)) {
      missing.push(item.code); // a fault without its deduction is not judged yet
      waits ||= guaranteed;
      continue;
    }
    const kept = Math.max(0, marks - (answer.deduct ?? 0));
    [got, full] = [got + kept, full + marks];
    if (!guaranteed) continue;
    [guaranteeGot, guaranteeFull] = [guaranteeGot + kept, guaranteeFull + marks];
    nought ||= marks > 0 && kept === 0;
  }
  // 缺项: 40 of 60 is the standard's 66.7 %, here exact, so that 20 of 30 passes (rule 4).
  const below = grading && !waits && guaranteeGot * guaranteeAll < grading.guarantee_least * guaranteeFull;
  const zero = nought ? "guarantee-item" : below ? "guarantee-subtotal" : null;
  const exact = full ? (zero ? part(0n, 1n) : part(BigInt(got) * FULL, BigInt(full))) : null;
  const named = { section: section.code, code: form.code, instance };
  return { ...named, got, full, score: exact && shown(exact), zero, missing, exact };
}

/** Whether an item is asked at all: some depend on what an earlier one has. */
export function isAsked(item: Item, said: Map<string, Pick<Given, "result">>): boolean {
  return !item.condition || said.get(item.condition.item)?.result === item.condition.result;
}

interface Summed extends SectionScore {
  exact: Part | null;
  marks: number;
}

/** One line of the summary: the mean of its forms (rule 6), and what it counts (rule 3). */
function sectionScore({ code, marks = 0 }: Section, forms: Filled[], denied: boolean): Summed {
  const scores = forms.flatMap(({ exact }) => (exact ? [exact] : []));
  const sum = scores.reduce(plus, part(0n, 1n));
  const mean = scores.length ? part(sum.of, sum.over * BigInt(scores.length)) : null;
  const exact = mean && part(BigInt(marks) * mean.of, FULL * mean.over);
  const leftOut = !scores.length && (denied || forms.some(({ missing }) => !missing.length));
  return { code, score: mean && shown(mean), got: exact && shown(exact), left_out: leftOut, exact, marks };
}

function summary(forms: Filled[], sections: Summed[], grading: Grading | null): Score {
  const counted = sections.flatMap(({ exact }) => (exact ? [exact] : []));
  const got = counted.reduce(plus, part(0n, 1n));
  const full = sections.reduce((sum, { exact, marks }) => sum + (exact ? marks : 0), 0);
  const total = full ? part(got.of * FULL, got.over * BigInt(full)) : null;
  const begun = new Set(forms.map(({ section }) => section));
  const complete =
    !forms.some(({ missing }) => missing.length) && sections.every((s) => s.left_out || begun.has(s.code));
  let grade: Score["grade"] = null;
  if (grading && complete && total) {
    const failed = forms.some(({ zero }) => zero) || isLess(total, grading.passed);
    grade = failed ? "failed" : isLess(total, grading.excellent) ? "passed" : "excellent";
  }
  return {
    forms: forms.map(({ exact: _exact, ...told }) => told),
    sections: sections.map(({ exact: _exact, marks: _marks, ...told }) => told),
    total: total && shown(total),
    grade,
    complete,
  };
}
