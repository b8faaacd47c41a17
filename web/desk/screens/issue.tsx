/** One issue: its evidence, its facts, what was said about it, and the steps taken here. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { Attached } from "../attached.tsx";
import { amend, type Outcome, step as stepped, type Written } from "../changes.ts";
import { kept } from "../drawings.ts";
import { get, Problem, type Said } from "../house.ts";
import { heads } from "../live.ts";
import { Badge, day, Deadline, Evidence, Fact, Loading, moment, Named, Standing, Trouble, Verdict } from "../marks.tsx";
import { Photograph, type Photo, sides } from "../photographs.tsx";
import { replace } from "../queue.ts";
import { Decide, GRAVE, SITES, type Step } from "../steps.tsx";
import { Viewer } from "../viewer.tsx";
import { Where } from "../where.tsx";
import { listed, say, type Word, word } from "../words.ts";
import { History } from "./history.tsx";
import { Papers } from "./papers.tsx";

export type Whole = Said<"WholeIssue">;
type Body = Record<string, unknown>;

export function IssuePane({ id }: { id: string }): JSX.Element {
  const asked = useAsked((signal) => get<Whole>(`/api/v1/issues/${id}`, signal), [id]);
  const { told: issue, set, again } = asked;
  const title = useRef<HTMLHeadingElement>(null);
  const [large, setLarge] = useState<Photo | null>(null);
  const [round, setRound] = useState(0);
  const head = issue && (heads.value[issue.dossier] ?? 0); // 0: shown before the page knew where the journal ends
  const known = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (issue) title.current?.focus({ preventScroll: true });
  }, [issue?.id]);
  useEffect(() => {
    if (head !== undefined && known.current !== undefined && head !== known.current) again(); // somebody wrote there
    known.current = head;
  }, [head]);
  const taken = (now: Whole | null): void => {
    if (!now) return again();
    set(now);
    replace(now);
    setRound(round + 1);
  };
  const back = (
    <a href="#/" class="back">
      ‹ {say("back")}
    </a>
  );
  if (!issue) {
    return (
      <>
        {back}
        {asked.wrong ? <Trouble wrong={asked.wrong} again={again} /> : <Loading />}
      </>
    );
  }
  const body = issue.body as Body;
  const { before, after } = sides(issue.photos);
  return (
    <>
      {back}
      <header>
        <p class="line">
          <Badge of={issue.severity} />
          <Standing of={issue.state} />
          <Deadline issue={issue} />
          <Evidence of={issue.evidence} />
        </p>
        <h2 tabIndex={-1} ref={title}>
          {issue.title}
        </h2>
        <p class="muted">{[issue.project ?? issue.dossier, issue.part].filter(Boolean).join(" · ")}</p>
      </header>
      <section>
        <h3>{say("photos")}</h3>
        <div class="pair">
          <Side name="before" photos={before} marks={issue.markups} none="noBefore" onOpen={setLarge} />
          <Side name="after" photos={after} marks={issue.markups} none="noAfter" onOpen={setLarge} />
        </div>
      </section>
      {issue.attachments.length > 0 && (
        <section>
          <h3>{say("attachments")}</h3>
          <ul class="said">
            {issue.attachments.map((one) => (
              <Attached key={one.id} file={one} />
            ))}
          </ul>
        </section>
      )}
      <Facts issue={issue} body={body} />
      <Where dossier={issue.dossier} body={body} />
      <Papers issue={issue} onChange={again} />
      <section>
        <h3>{say("comments")}</h3>
        <ul class="said">
          {issue.comments.map((one) => (
            <li key={one.id}>
              <p class="muted">
                <b>{one.author.name ?? "—"}</b> {moment(one.said_at)}
              </p>
              <p>{one.text}</p>
            </li>
          ))}
        </ul>
        {!issue.comments.length && <p class="muted">{say("noComments")}</p>}
      </section>
      <History dossier={issue.dossier} record={issue.id} beat={`${issue.version}/${round}`} />
      <Acts issue={issue} onTaken={taken} />
      {large && (
        <Viewer
          dossier={issue.dossier}
          photos={[...before, ...after]}
          markups={issue.markups}
          leftOff={issue.markups_left_off}
          first={large}
          onClose={() => setLarge(null)}
          onChange={again}
        />
      )}
    </>
  );
}

interface Shown {
  name: Word;
  photos: Photo[];
  marks: Whole["markups"];
  none: Word;
  onOpen: (photo: Photo) => void;
}

function Side(given: Shown): JSX.Element {
  const drawn = (photo: Photo): number => given.marks.filter((mark) => mark.photo === photo.id).length;
  return (
    <div>
      <h4>{say(given.name)}</h4>
      {given.photos.map((photo) => (
        <figure key={photo.id}>
          <button
            type="button"
            class="frame"
            disabled={!photo.original}
            aria-label={`${say("enlarge")}: ${photo.caption ?? ""}`}
            onClick={() => given.onOpen(photo)}
          >
            <Photograph photo={photo} src={photo.picture ?? photo.thumbnail} />
          </button>
          <figcaption>
            {photo.caption}
            <small>
              {[moment(photo.taken_at), drawn(photo) > 0 && say("marksN", { n: drawn(photo) })].filter(Boolean).join(" · ")}
            </small>
            {kept(photo.id) && <b class="thin">{say("unsavedMark")}</b>}
          </figcaption>
        </figure>
      ))}
      {!given.photos.length && <p class="none">{say(given.none)}</p>}
    </div>
  );
}

function Facts({ issue, body }: { issue: Whole; body: Body }): JSX.Element {
  const text = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
  const notes = (body.notes as { id: string; text: string }[] | undefined) ?? [];
  return (
    <section>
      <h3>{say("facts")}</h3>
      <dl>
        {["description", "legal_basis", "demand"].map((name) => (
          <Fact key={name} name={word("fields", name)}>
            {text(name)}
          </Fact>
        ))}
        <Fact name={word("fields", "domain")}>{word("domain", issue.domain)}</Fact>
        <Fact name={word("fields", "code")}>{text("code")}</Fact>
        <Fact name={word("fields", "assignee")}>{issue.assignee?.name ?? say("nobody")}</Fact>
        <Fact name={word("fields", "contractor")}>
          {issue.contractor && <Named code={issue.contractor} name={issue.contractor_name} />}
        </Fact>
        <Fact name={word("fields", "found_at")}>{moment(issue.found_at)}</Fact>
        <Fact name={word("fields", "due_on")}>
          {issue.due_on && [day(issue.due_on), text("due_basis")].filter(Boolean).join(" · ")}
        </Fact>
        <Fact name={word("fields", "paused_on")}>{issue.paused_on && day(issue.paused_on)}</Fact>
        <Fact name={word("fields", "tags")}>{listed((body.tags as string[] | undefined) ?? [])}</Fact>
        <Fact name={word("fields", "notes")}>{notes.map((note) => note.text).join("\n")}</Fact>
      </dl>
    </section>
  );
}

interface Amended {
  outcome: Outcome;
  issue: Whole | null;
}

/** The steps open in this state; a press freezes the step as the issue stands on the screen. */
function Acts({ issue, onTaken }: { issue: Whole; onTaken: (issue: Whole | null) => void }): JSX.Element {
  const [deciding, setDeciding] = useState<Step | null>(null);
  const [sent, setSent] = useState<{ verb: string; made: Written; outcome?: Outcome; state?: string; wrong?: unknown } | null>(null);
  const offered = issue.steps.filter((one) => !SITES.includes(one.do));
  const perform = async (verb: string, made: Written): Promise<void> => {
    setSent({ verb, made });
    try {
      const done = await amend<Amended>("/api/v1/issues", made);
      setSent({ verb, made, outcome: done.outcome, state: done.issue?.state ?? issue.state });
      onTaken(done.issue);
    } catch (wrong) {
      setSent({ verb, made, wrong });
    }
  };
  const waits = sent && !sent.outcome && !sent.wrong;
  const unsure = sent?.wrong instanceof Problem && sent.wrong.unsure;
  return (
    <footer class="acts">
      {waits && (
        <div class="notice" role="status">
          {say("working")}
        </div>
      )}
      {sent?.outcome && <Verdict outcome={sent.outcome} what={word("verbs", sent.verb)} state={sent.state ?? ""} />}
      {sent?.wrong ? (
        <Trouble wrong={sent.wrong} again={() => void perform(sent.verb, sent.made)} hint={unsure ? say("sameChange") : ""} />
      ) : null}
      {!waits && !unsure && (
        <div class="buttons">
          {offered.map((one) => (
            <button
              key={one.do}
              type="button"
              class={GRAVE.includes(one.do) ? "grave" : "main"}
              onClick={() => setDeciding(one)}
            >
              {word("verbs", one.do)}
            </button>
          ))}
          {!offered.length && <p class="muted">{say("noActions")}</p>}
        </div>
      )}
      {deciding && (
        <Decide
          step={deciding}
          about={issue.title}
          onClose={() => setDeciding(null)}
          onDecide={(note, fields) => {
            setDeciding(null);
            void perform(deciding.do, stepped(issue, deciding.do, note, fields));
          }}
        />
      )}
    </footer>
  );
}
