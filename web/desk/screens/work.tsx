/** The queue beside the issue that is read. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { BulkBar, offerSteps } from "../bulk.tsx";
import { Exports } from "../exports.tsx";
import { get, type Said } from "../house.ts";
import { useKeys } from "../keys.ts";
import { beat } from "../live.ts";
import { Badge, Choice, Deadline, Empty, Evidence, Standing, Trouble } from "../marks.tsx";
import { Photograph, sides } from "../photographs.tsx";
import {
  busy,
  chosen,
  filter,
  type Issue,
  items,
  load,
  narrow,
  narrowed,
  next,
  renew,
  SORTS,
  stale,
  tick,
  tickAll,
  widen,
  written,
  wrong,
} from "../queue.ts";
import { go } from "../route.ts";
import { Views } from "../views.tsx";
import { codes, language, listed, say, word } from "../words.ts";
import { IssuePane } from "./issue.tsx";

const TYPING_MS = 300;

/** Where the person is in the list: the focus leads, and stays where it was when the list is made anew. */
const link = (id: string): HTMLElement | null => document.querySelector(`#row-${id} a`);
const links = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("#rows a")];
const here = (open: string | null): number => {
  const all = links();
  const focused = all.findIndex((one) => one === document.activeElement);
  return focused >= 0 ? focused : all.findIndex((one) => one.parentElement?.id === `row-${open}`);
};

function move(by: number, open: string | null): void {
  const all = links();
  const at = Math.max(0, Math.min(all.length - 1, here(open) + by));
  if (here(open) + by >= all.length) void load(false); // the next page comes while the person reads on
  all[at]?.focus();
  all[at]?.scrollIntoView({ block: "nearest" });
}

export function Work({ id }: { id: string | null }): JSX.Element {
  const search = useRef<HTMLInputElement>(null);
  const last = useRef(0);
  useEffect(() => void load(true), [language.value]);
  useEffect(() => void (beat.value && renew()), [beat.value]);
  const current = (): string | undefined => items.value[here(id)]?.id;
  useKeys(
    [
      { keys: ["j", "ArrowDown"], does: "keyDown", act: () => move(1, id) },
      { keys: ["k", "ArrowUp"], does: "keyUp", act: () => move(-1, id) },
      { keys: ["Enter"], does: "keyOpen", act: () => current() && go(`/issue/${current()}`) },
      {
        keys: ["x"],
        does: "keyTick",
        act: () => {
          const [one, at] = [current(), here(id)];
          if (one) tick(one);
          last.current = at;
        },
      },
      {
        keys: ["X"],
        does: "keyTickTo",
        act: () => {
          const [from, to] = [last.current, here(id)].toSorted((a, b) => a - b) as [number, number];
          for (const issue of items.value.slice(from, to + 1)) if (!chosen.value.has(issue.id)) tick(issue.id);
          last.current = here(id);
        },
      },
      { keys: ["a"], does: "keyTickAll", act: tickAll },
      { keys: ["s"], does: "keyStep", act: () => (chosen.value.size ? offerSteps() : current() && go(`/issue/${current()}`)) },
      { keys: ["/"], does: "keySearch", act: () => search.current?.focus() },
      { keys: ["r"], does: "keyReload", act: () => void load(true) },
      {
        keys: ["Escape"],
        does: "keyBack",
        act: () => {
          if (id) {
            go("/");
            link(id)?.focus();
          } else chosen.value = new Set();
        },
      },
    ],
    [id],
  );
  return (
    <main id="work" class={id ? "reading" : ""}>
      <section id="queue" aria-label={say("queue")}>
        <Filters search={search} />
        <Trouble wrong={wrong.value} again={() => void load(true)} />
        {stale.value && (
          <button type="button" class="stale" onClick={() => void load(true)}>
            {say("stale")} <kbd>r</kbd>
          </button>
        )}
        <Rows open={id} />
        <BulkBar />
      </section>
      <article id="detail" aria-label={say("detail")}>
        {id ? <IssuePane key={id} id={id} /> : <Empty title={say("choose")} hint={say("chooseHint")} />}
      </article>
    </main>
  );
}

function Filters({ search }: { search: { current: HTMLInputElement | null } }): JSX.Element {
  const projects = useAsked((signal) => get<Said<"Projects">>("/api/v1/projects", signal), []).told?.items ?? [];
  const [exporting, setExporting] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const { severity, dossier, sort, overdue, text, more } = filter.value;
  const typed = (said: string): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void narrow({ text: said.trim() }), TYPING_MS);
  };
  const names = Object.keys(more).map((name) => word("fields", name.replace(/_(before|after)$/, "_on")));
  return (
    <form id="filters" role="search" aria-label={say("filters")} onSubmit={(event) => event.preventDefault()}>
      <div class="choices views">
        <Views />
        <button type="button" onClick={() => setExporting(true)}>
          {say("export")}
        </button>
      </div>
      <input
        ref={search}
        type="search"
        value={text}
        placeholder={say("search")}
        aria-label={say("search")}
        maxLength={200}
        onInput={(event) => typed(event.currentTarget.value)}
      />
      <div class="choices">
        <Choice
          bare
          name="dossier"
          label={say("project")}
          value={dossier}
          of={[["", say("allProjects")], ...projects.map((one) => [one.dossier, one.name] as const)]}
          onChoose={(value) => void narrow({ dossier: value })}
        />
        <Choice
          bare
          name="severity"
          label={say("severity")}
          value={severity}
          of={[["", say("allSeverities")], ...codes("severity").map((code) => [code, word("severity", code)] as const)]}
          onChoose={(value) => void narrow({ severity: value })}
        />
        <Choice
          bare
          name="sort"
          label={say("sort")}
          value={sort}
          of={SORTS.map((code) => [code, say(code)] as const)}
          onChoose={(value) => void narrow({ sort: value })}
        />
        <button type="button" class="chip late" aria-pressed={overdue} onClick={() => void narrow({ overdue: !overdue })}>
          {say("onlyOverdue")}
        </button>
      </div>
      <States />
      {names.length > 0 && (
        <button type="button" class="quiet" onClick={() => void narrow({ more: {} })}>
          {say("alsoBy", { names: listed(names) })}
        </button>
      )}
      {exporting && <Exports onClose={() => setExporting(false)} />}
    </form>
  );
}

/** The states that there is something in, each with how many. */
function States(): JSX.Element {
  const { state } = filter.value;
  const query = narrowed({ ...filter.value, state: [] });
  const counts = useAsked(
    (signal) => get<Said<"Counts">>(`/api/v1/issues/counts?${query}`, signal),
    [String(query)],
    `${beat.value}/${written.value}`,
  );
  const [last, setLast] = useState<Said<"Counts"> | null>(null); // stays while it is counted anew
  if (counts.told && counts.told !== last) setLast(counts.told);
  const many = (counts.told ?? last)?.states as Record<string, number> | undefined;
  const toggle = (code: string): void =>
    void narrow({ state: state.includes(code) ? state.filter((one) => one !== code) : [...state, code] });
  return (
    <div class="chips" role="group" aria-label={say("state")}>
      <button type="button" class="chip" aria-pressed={!state.length} onClick={() => void narrow({ state: [] })}>
        {say("allStates")} <small>{(counts.told ?? last)?.total}</small>
      </button>
      {codes("issueState")
        .filter((code) => !many || many[code] || state.includes(code))
        .map((code) => (
          <button key={code} type="button" class="chip" aria-pressed={state.includes(code)} onClick={() => toggle(code)}>
            {word("state", code)} <small>{many?.[code] ?? ""}</small>
          </button>
        ))}
    </div>
  );
}

function Rows({ open }: { open: string | null }): JSX.Element {
  const list = items.value;
  const coming = busy.value && !list.length;
  const more = async (): Promise<void> => {
    const known = list.length;
    await load(false);
    links()[known]?.focus();
  };
  return (
    <>
      <ol id="rows" aria-label={say("queue")} aria-busy={busy.value}>
        {coming && Array.from({ length: 6 }, (_, index) => <li key={index} class="coming" />)}
        {list.map((issue) => (
          <Row key={issue.id} issue={issue} open={issue.id === open} ticked={chosen.value.has(issue.id)} />
        ))}
      </ol>
      {!busy.value && !list.length && !wrong.value && (
        <Empty title={say("none")} hint={say("noneHint")}>
          <button type="button" onClick={() => void widen()}>
            {say("clear")}
          </button>
        </Empty>
      )}
      <footer>
        {next.value && (
          <button type="button" id="more" disabled={busy.value} onClick={() => void more()}>
            {say("more")}
          </button>
        )}
        <p class="muted" role="status">
          {coming ? say("loading") : list.length > 0 && say(next.value ? "shownSome" : "shownAll", { n: list.length })}
        </p>
      </footer>
    </>
  );
}

function Row({ issue, open, ticked }: { issue: Issue; open: boolean; ticked: boolean }): JSX.Element {
  const { before, after } = sides(issue.photos);
  const thumbs = [before[0], after[0]].filter((photo) => photo !== undefined);
  return (
    <li id={`row-${issue.id}`} class={ticked ? "ticked" : ""}>
      <label class="ticking">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={ticked}
          aria-label={say("tickOne", { title: issue.title })}
          onChange={() => tick(issue.id)}
        />
      </label>
      <a href={`#/issue/${issue.id}`} aria-current={open ? "true" : undefined}>
        <span class={`thumbs n${thumbs.length}`} aria-hidden={thumbs.length > 0}>
          {thumbs.map((photo) => (
            <Photograph key={photo.id} photo={photo} src={photo.thumbnail} />
          ))}
          {!thumbs.length && say("noEvidence")}
        </span>
        <span class="headline">
          <Badge of={issue.severity} />
          <strong>{issue.title}</strong>
        </span>
        <span class="place">{[issue.project ?? issue.dossier, issue.part].filter(Boolean).join(" · ")}</span>
        <span class="line">
          <Standing of={issue.state} />
          <Deadline issue={issue} />
          <span>{issue.assignee?.name ?? say("nobody")}</span>
          <Evidence of={issue.evidence} />
        </span>
      </a>
    </li>
  );
}
