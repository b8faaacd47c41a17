/** People, their posts, sign-ins and devices, for who keeps them; one's own sign-ins and devices for everybody. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { agentOf } from "../agents.ts";
import { useAsked } from "../asking.ts";
import { get, holds, me, post, remove, type Said, send } from "../house.ts";
import { day, Dialog, Ends, Fact, Loading, moment, Named, Trouble } from "../marks.tsx";
import { path } from "../route.ts";
import { codes, say, word } from "../words.ts";
import { Devices } from "./devices.tsx";
import { Factor } from "./factor.tsx";

// Where a person's id stands else.
const [OWN, ALL] = ["own", "devices"];

export const keepsPeople = (): boolean => holds(["administrator"]);

export function People({ id }: { id: string | undefined }): JSX.Element {
  const [begins, setBegins] = useState("");
  const [taking, setTaking] = useState(false);
  const admin = keepsPeople();
  const query = new URLSearchParams({ limit: "100", ...(begins && { begins }) });
  const asked = useAsked(
    async (signal) => (admin ? get<Said<"PersonLines">>(`/api/v1/people?${query}`, signal) : { items: [], next: null }),
    [begins, admin],
  );
  const items = asked.told?.items ?? [];
  return (
    <main id="work" class={id ? "reading" : ""}>
      <section id="queue" class="inbox" aria-label={say("peopleShort")}>
        <ol>
          <li>
            <a href={path("people", OWN)} aria-current={!id || id === OWN ? "true" : undefined}>
              <strong>{me()?.name}</strong>
              <span class="muted">{say("ownAccess")}</span>
            </a>
          </li>
          {admin && (
            <li>
              <a href={path("people", ALL)} aria-current={id === ALL ? "true" : undefined}>
                <strong>{say("allDevices")}</strong>
              </a>
            </li>
          )}
        </ol>
        {admin && (
          <form id="filters" role="search" aria-label={say("filters")} onSubmit={(event) => event.preventDefault()}>
            <input
              type="search"
              aria-label={say("findPerson")}
              placeholder={say("findPerson")}
              value={begins}
              onInput={(event) => setBegins(event.currentTarget.value.trim())}
            />
            <button type="button" class="main" onClick={() => setTaking(true)}>
              {say("takeOn")}
            </button>
          </form>
        )}
        <Trouble wrong={asked.wrong} again={asked.again} />
        <ol>
          {items.map((one) => (
            <li key={one.id}>
              <a href={path("people", one.id)} aria-current={one.id === id ? "true" : undefined}>
                <strong>{one.name}</strong>
                <span class="line">
                  <span>{one.username}</span>
                  <span class="muted">{one.title}</span>
                  {!one.active && <b class="late">{say("suspended")}</b>}
                </span>
              </a>
            </li>
          ))}
        </ol>
        {taking && <TakeOn onDone={asked.again} onClose={() => setTaking(false)} />}
      </section>
      <article id="detail" aria-label={say("peopleShort")}>
        {id === ALL && admin ? <All /> : id && id !== OWN && admin ? <One key={id} id={id} onChange={asked.again} /> : <Own />}
      </article>
    </main>
  );
}

/** A password that was given out is shown this once. */
function GivenOut({ told }: { told: Said<"GivenOut"> }): JSX.Element {
  return (
    <div class="notice well" role="status">
      <strong>{say("givenOut")}</strong>
      <p>
        <code class="secret">{told.password}</code>
      </p>
      <p class="muted">{say("givenOutHint", { at: moment(told.expires_at) })}</p>
    </div>
  );
}

function TakeOn({ onDone, onClose }: { onDone: () => void; onClose: () => void }): JSX.Element {
  const [told, setTold] = useState<Said<"GivenOut"> | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const take = (event: SubmitEvent): void => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    post<Said<"GivenOut">>("/api/v1/people", said).then((given) => (setTold(given), onDone()), setWrong);
  };
  return (
    <Dialog title={say("takeOn")} onClose={onClose}>
      {told ? (
        <GivenOut told={told} />
      ) : (
        <form onSubmit={take} id="take-on">
          <label class="field">
            <span>{say("username")}</span>
            <input name="username" required minLength={2} maxLength={64} autocomplete="off" autofocus />
          </label>
          <label class="field">
            <span>{say("fullName")}</span>
            <input name="name" required maxLength={80} autocomplete="off" />
          </label>
          <label class="field">
            <span>{say("jobTitle")}</span>
            <input name="title" maxLength={80} autocomplete="off" />
          </label>
          <Trouble wrong={wrong} />
        </form>
      )}
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("close")}
        </button>
        {!told && (
          <button form="take-on" class="main">
            {say("takeOn")}
          </button>
        )}
      </div>
    </Dialog>
  );
}

function One({ id, onChange }: { id: string; onChange: () => void }): JSX.Element {
  const at = `/api/v1/people/${id}`;
  const asked = useAsked((signal) => get<Said<"PersonShown">>(at, signal), [at]);
  const [giving, setGiving] = useState(false);
  const [given, setGiven] = useState<Said<"GivenOut"> | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const person = asked.told;
  if (!person) return asked.wrong ? <Trouble wrong={asked.wrong} again={asked.again} /> : <Loading />;
  const act = (what: string, body?: unknown): void =>
    void send(`${at}/${what}`, { method: "POST", body: body ?? {} }).then(
      () => (setWrong(null), asked.again(), onChange()),
      setWrong,
    );
  const reset = (): void => void post<Said<"GivenOut">>(`${at}/password`, {}).then(setGiven, setWrong);
  const self = id === me()?.id;
  return (
    <>
      <a href="#/people" class="back">
        ‹ {say("peopleShort")}
      </a>
      <header>
        <h2 tabIndex={-1}>{person.name}</h2>
        <p class="muted">{[person.username, person.title].filter(Boolean).join(" · ")}</p>
      </header>
      <section>
        <dl>
          <Fact name={say("licence")}>
            {person.licence_no && `${person.licence_no} · ${person.licence_until ? say("until", { on: day(person.licence_until) }) : ""}`}
          </Fact>
          <Fact name={say("suspended")}>{!person.active && person.left_at && moment(person.left_at)}</Fact>
          <Fact name={say("givenOut")}>{person.once_until && say("givenOutHint", { at: moment(person.once_until) })}</Fact>
        </dl>
        {given && <GivenOut told={given} />}
        <Trouble wrong={wrong} />
        {self ? (
          <p class="muted">{say("notOneself")}</p>
        ) : (
          <div class="buttons">
            <button type="button" onClick={reset}>
              {say("resetPassword")}
            </button>
            {person.active ? (
              <button type="button" class="grave" onClick={() => act("suspend")}>
                {say("suspend")}
              </button>
            ) : (
              <button type="button" class="main" onClick={() => act("resume")}>
                {say("resume")}
              </button>
            )}
          </div>
        )}
      </section>
      <section>
        <h3>{say("posts")}</h3>
        <ul class="list">
          {person.posts.map((one) => (
            <li key={one.id}>
              <b>
                {word("role", one.role)}{" "}
                <span>
                  <Named code={one.dossier} name={one.project} />
                </span>
              </b>
              {one.firm && (
                <span>
                  <Named code={one.firm} name={one.firm_name} />
                </span>
              )}
              <span class="muted">
                {day(one.since)} – {one.until ? day(one.until) : say("openEnd")}
                {one.ended && ` · ${word("why", one.ended)}`}
              </span>
              {!one.until && !self && (
                <button type="button" onClick={() => act(`posts/${one.id}/end`, { why: "re-assigned" })}>
                  {say("endPost")}
                </button>
              )}
            </li>
          ))}
        </ul>
        {!self && (
          <p class="buttons">
            <button type="button" onClick={() => setGiving(true)}>
              {say("givePost")}
            </button>
          </p>
        )}
        {giving && <GivePost at={at} onDone={(now) => (asked.set(now), setGiving(false))} onClose={() => setGiving(false)} />}
      </section>
      <Sessions at={`${at}/sessions`} />
      <Devices person={id} own={self} />
    </>
  );
}

function GivePost(given: { at: string; onDone: (now: Said<"PersonShown">) => void; onClose: () => void }): JSX.Element {
  const [wrong, setWrong] = useState<unknown>(null);
  const give = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const said = Object.fromEntries([...form.entries()].filter(([, value]) => value !== ""));
    post<Said<"PersonShown">>(`${given.at}/posts`, said).then(given.onDone, setWrong);
  };
  return (
    <Dialog title={say("givePost")} onClose={given.onClose}>
      <form onSubmit={give}>
        <label class="field">
          <span>{say("role")}</span>
          <select name="role">
            {codes("role")
              .filter((code) => code !== "self")
              .map((code) => (
                <option key={code} value={code}>
                  {word("role", code)}
                </option>
              ))}
          </select>
        </label>
        <label class="field">
          <span>{say("dossier")}</span>
          <input name="dossier" required maxLength={96} placeholder="project:wj-01" autofocus />
        </label>
        <label class="field">
          <span>{say("firmCode")}</span>
          <input name="firm" minLength={18} maxLength={18} />
        </label>
        <label class="field">
          <span>{say("fromDay")}</span>
          <input name="since_on" type="date" />
        </label>
        <label class="field">
          <span>{say("toDay")}</span>
          <input name="until_on" type="date" />
        </label>
        <Trouble wrong={wrong} />
        <Ends onCancel={given.onClose}>
          <button class="main">{say("givePost")}</button>
        </Ends>
      </form>
    </Dialog>
  );
}

/** "Chrome · Windows"; empty where the browser does not say. */
const browserOf = (agent: string | null | undefined): string => {
  const { browser, system } = agentOf(agent ?? null);
  return [browser && word("browser", browser), system && word("system", system)].filter(Boolean).join(" · ");
};

/** Where a person is signed in; one's own sign-ins can be ended one by one. */
function Sessions({ at, own = false }: { at: string; own?: boolean }): JSX.Element {
  const asked = useAsked((signal) => get<Said<"SessionLines">>(at, signal), [at]);
  const [wrong, setWrong] = useState<unknown>(null);
  const end = (which: string): void => void remove(which).then(asked.again, setWrong);
  return (
    <section>
      <h3>{say("sessions")}</h3>
      <Trouble wrong={wrong ?? asked.wrong} again={asked.again} />
      <ul class="list">
        {asked.told?.items.map((one) => (
          <li key={one.id}>
            <b>{one.device_name ?? (browserOf(one.agent) || one.device)}</b>
            {one.device_name && <span>{browserOf(one.agent)}</span>}
            {(one.device_name || browserOf(one.agent)) && <small>{one.device}</small>}
            {one.current && <span class="state passed">{say("thisOne")}</span>}
            <span class="muted">{moment(one.renewed_at ?? one.made_at)}</span>
            {own && !one.current && (
              <button type="button" onClick={() => end(`${at}/${one.id}`)}>
                {say("endSession")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {asked.told?.items.length === 0 && <p class="muted">{say("noSessions")}</p>}
      {!own && asked.told && asked.told.items.length > 0 && (
        <p class="buttons">
          <button type="button" class="grave" onClick={() => end(at)}>
            {say("endSessions")}
          </button>
        </p>
      )}
    </section>
  );
}

function Own(): JSX.Element {
  return (
    <>
      <a href="#/people" class="back">
        ‹ {say("peopleShort")}
      </a>
      <header>
        <h2 tabIndex={-1}>{say("ownAccess")}</h2>
        <p class="muted">{say("ownAccessHint")}</p>
      </header>
      <Factor />
      <Sessions at="/api/v1/sessions" own />
      <Devices person={me()?.id ?? ""} own />
    </>
  );
}

/** Every device of the office's, and tablets that are nobody's own. */
const All = (): JSX.Element => (
  <>
    <a href="#/people" class="back">
      ‹ {say("peopleShort")}
    </a>
    <header>
      <h2 tabIndex={-1}>{say("allDevices")}</h2>
      <p class="muted">{say("allDevicesHint")}</p>
    </header>
    <Devices person={null} />
  </>
);
