/** 问题: all issues that this person sees, however many. */

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import { useLive } from "../live.ts";
import { Deadline, Empty, Icon, Picture, Severity, State } from "../marks.tsx";
import { WindowedList } from "../parts.tsx";
import { type IssueLine, issues, OVER, projects, text } from "../reading.ts";
import { go, path, query, route } from "../route.ts";
import { say } from "../words.ts";

const ROW_PX = 96; // cards.css: .rows > li
type Which = "open" | "mine" | "all";

export function Issues(): JSX.Element {
  const all = useLive(issues, []);
  const sites = useLive(projects, []);
  const [which, setWhich] = useState<Which>("open");
  const [wanted, setWanted] = useState("");
  const dossier = query(route.value).get("dossier") ?? "";
  // Spelled small once, and not again at each letter: 5,000 lines take a weak phone 50 ms.
  const small = useMemo(
    () => all?.map(({ title, part, project }) => `${title} ${part} ${project}`.toLowerCase()),
    [all],
  );
  const shown = useMemo(() => {
    const words = wanted.trim().toLowerCase();
    return (all ?? []).filter(
      (line, i) =>
        (!dossier || line.dossier === dossier) &&
        (which === "all" || (which === "mine" ? line.mine : !OVER.includes(line.state))) &&
        (!words || small?.[i]?.includes(words)),
    );
  }, [all, small, dossier, which, wanted]);
  if (!all) return <main />;
  return (
    <main>
      <div class="filters">
        <input
          type="search"
          value={wanted}
          placeholder={say("search")}
          aria-label={say("search")}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <div class="chips">
          {(["open", "mine", "all"] as const).map((one) => (
            <button type="button" key={one} class="chip" aria-pressed={which === one} onClick={() => setWhich(one)}>
              {say(one)}
            </button>
          ))}
          <select
            aria-label={say("projects")}
            value={dossier}
            onChange={(event) => go(`/issues?dossier=${encodeURIComponent(event.currentTarget.value)}`, true)}
          >
            <option value="">{say("allProjects")}</option>
            {sites?.map((site) => (
              <option key={site.dossier} value={site.dossier}>
                {text(site.body, "name")}
              </option>
            ))}
          </select>
        </div>
        <p class="muted" role="status">
          {say("shown", { n: shown.length })}
        </p>
      </div>
      {shown.length ? (
        <WindowedList
          items={shown}
          height={ROW_PX}
          keyOf={(line) => line.record}
          row={(line) => <IssueRow line={line} />}
        />
      ) : (
        <Empty title={say("noIssues")} />
      )}
    </main>
  );
}

export function IssueRow({ line }: { line: IssueLine }): JSX.Element {
  const { evidence } = line;
  return (
    <a class="issue" href={`#${path("issues", line.dossier, line.record)}`}>
      <span class="thumb">
        {line.cover ? <Picture photo={line.cover} dossier={line.dossier} alt="" /> : <Icon name="camera" />}
      </span>
      <span class="grow">
        <span class="marks">
          <Severity of={line.severity} />
          <State of={line.state} />
          {line.unsent > 0 && <b class="unsent">{say("notSent")}</b>}
        </span>
        <b class="title">{line.title}</b>
        <small class="line">{[line.project, line.part].filter(Boolean).join(" · ")}</small>
        <small class="line">
          <Deadline on={line.due} over={line.over} />
          <span class={evidence.stored < evidence.total ? "thin" : ""}>
            {evidence.total ? say("evidence", { stored: evidence.stored, total: evidence.total }) : say("noEvidence")}
          </span>
        </small>
      </span>
    </a>
  );
}
