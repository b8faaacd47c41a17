/** The register (单位名录): whom a code names, for everybody; filled from a file and put right by those who keep it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { get, me, post, type Said, send } from "../house.ts";
import { Choice, ChooseFile, day, Dialog, Empty, Ends, Fact, Loading, Trouble } from "../marks.tsx";
import { go, path } from "../route.ts";
import { codes, say, word } from "../words.ts";

type Organisation = Said<"Organisation">;
type BroughtIn = Said<"BroughtIn">;

const AT = "/api/v1/organisations";
const EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const KEEPERS = ["supervisor", "director", "administrator"];
const COUNTED = ["entered", "changed", "same", "faulty", "refused"] as const;
const SHOWN = 200;

const keeps = (): boolean => (me()?.posts ?? []).some((one) => KEEPERS.includes(one.role) && one.dossier.startsWith("office:"));

export function Register({ code }: { code: string | undefined }): JSX.Element {
  const [sort, setSort] = useState("");
  const [text, setText] = useState("");
  const [adding, setAdding] = useState(false);
  const query = new URLSearchParams({ limit: String(SHOWN), ...(sort && { sort }), ...(text && { text }) });
  const asked = useAsked((signal) => get<Said<"Organisations">>(`${AT}?${query}`, signal), [sort, text]);
  const items = asked.told?.items ?? [];
  return (
    <main id="work" class={code ? "reading" : ""}>
      <section id="queue" class="inbox" aria-label={say("registerShort")}>
        <form id="filters" role="search" aria-label={say("filters")} onSubmit={(event) => event.preventDefault()}>
          <input
            type="search"
            aria-label={say("findOrganisation")}
            placeholder={say("findOrganisation")}
            value={text}
            onInput={(event) => setText(event.currentTarget.value.trim())}
          />
          <Choice
            bare
            label={say("organisationSort")}
            value={sort}
            of={[["", say("allSorts")], ...codes("organisationSort").map((one) => [one, word("organisationSort", one)] as const)]}
            onChoose={setSort}
          />
          {keeps() && (
            <button type="button" class="main" onClick={() => setAdding(true)}>
              {say("addOrganisation")}
            </button>
          )}
        </form>
        {keeps() && <BringIn onDone={asked.again} />}
        <Trouble wrong={asked.wrong} again={asked.again} />
        {!asked.told && asked.busy && <Loading />}
        <ol>
          {items.map((one) => (
            <li key={one.id}>
              <a href={path("register", one.code)} aria-current={one.code === code ? "true" : undefined}>
                <strong>{one.name}</strong>
                <span class="line">
                  <span>{one.code}</span>
                  <span class="muted">{[word("organisationSort", one.sort), ...one.parties.map((party) => word("party", party))].join(" · ")}</span>
                </span>
              </a>
            </li>
          ))}
        </ol>
        {asked.told?.next && <p class="muted well">{say("narrowSearch", { n: SHOWN })}</p>}
        {asked.told && !items.length && <Empty title={say("noOrganisation")} hint={say("noOrganisationHint")} />}
        {adding && <Amend onDone={asked.again} onClose={() => setAdding(false)} />}
      </section>
      <article id="detail" aria-label={say("registerShort")}>
        {code ? <One key={code} code={code} onChange={asked.again} /> : <Empty title={say("chooseOne")} hint={say("registerHint")} />}
      </article>
    </main>
  );
}

function One({ code, onChange }: { code: string; onChange: () => void }): JSX.Element {
  const asked = useAsked((signal) => get<Said<"Organisations">>(`${AT}?text=${encodeURIComponent(code)}&limit=${SHOWN}`, signal), [code]);
  const [amending, setAmending] = useState(false);
  const one = asked.told?.items.find((found) => found.code === code);
  const back = (
    <a href="#/register" class="back">
      ‹ {say("registerShort")}
    </a>
  );
  if (!one) {
    return (
      <>
        {back}
        {asked.told ? <Empty title={say("noOrganisation")} /> : asked.wrong ? <Trouble wrong={asked.wrong} again={asked.again} /> : <Loading />}
      </>
    );
  }
  return (
    <>
      {back}
      <header>
        <h2 tabIndex={-1}>{one.name}</h2>
        <p class="muted">{word("organisationSort", one.sort)}</p>
      </header>
      <section>
        <dl>
          <Fact name={say("organisationCode")}>{one.code}</Fact>
          <Fact name={say("parties")}>{one.parties.map((party) => word("party", party)).join("、")}</Fact>
          <Fact name={say("qualification")}>{one.qualification}</Fact>
          <Fact name={say("qualifiedUntil")}>{one.qualified_until && day(one.qualified_until)}</Fact>
          <Fact name={say("duties")}>{one.duties.join("、")}</Fact>
        </dl>
      </section>
      {keeps() && (
        <section class="buttons">
          <button type="button" onClick={() => setAmending(true)}>
            {say("amendOrganisation")}
          </button>
        </section>
      )}
      {amending && <Amend one={one} onDone={() => (asked.again(), onChange())} onClose={() => setAmending(false)} />}
    </>
  );
}

/** A new one, or the name of one that is there; its code is said once. */
function Amend({ one, onDone, onClose }: { one?: Organisation; onDone: () => void; onClose: () => void }): JSX.Element {
  const [told, setTold] = useState<BroughtIn | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const code = one?.code ?? String(form.get("code")).trim();
    const said = { code, name: String(form.get("name")).trim(), parties: form.getAll("parties").map(String) };
    post<BroughtIn>(AT, { items: [said] }).then((answer) => {
      setTold(answer);
      setWrong(null);
      if (answer.faulty || answer.refused) return;
      onDone();
      onClose();
      go(path("register", code).slice(1));
    }, setWrong);
  };
  return (
    <Dialog title={say(one ? "amendOrganisation" : "addOrganisation")} onClose={onClose}>
      <form onSubmit={save}>
        <label class="field">
          <span>{say("organisationCode")}</span>
          <input name="code" required maxLength={40} defaultValue={one?.code ?? ""} readOnly={Boolean(one)} autofocus={!one} autocomplete="off" />
          <small>{say("codeHint")}</small>
        </label>
        <label class="field">
          <span>{say("organisationName")}</span>
          <input name="name" required maxLength={120} defaultValue={one?.name ?? ""} autofocus={Boolean(one)} autocomplete="off" />
        </label>
        <fieldset>
          <legend>{say("parties")}</legend>
          {codes("party").map((party) => (
            <label class="tick" key={party}>
              <input type="checkbox" name="parties" value={party} defaultChecked={one?.parties.some((had) => had === party) ?? false} />
              <span>{word("party", party)}</span>
            </label>
          ))}
        </fieldset>
        {told && <Rows told={told} />}
        <Trouble wrong={wrong} />
        <Ends onCancel={onClose}>
          <button class="main">{say("keepOrganisation")}</button>
        </Ends>
      </form>
    </Dialog>
  );
}

/** A file of organisations: what is right is in, what is wrong is told row by row. */
function BringIn({ onDone }: { onDone: () => void }): JSX.Element {
  const [told, setTold] = useState<BroughtIn | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const bring = async (chosen: File | undefined): Promise<void> => {
    if (!chosen) return;
    setWrong(null);
    setTold(null);
    const type = chosen.name.toLowerCase().endsWith(".csv") ? "text/csv" : EXCEL;
    try {
      const body = new Blob([await chosen.arrayBuffer()], { type });
      setTold((await (await send(AT, { method: "POST", body, headers: { "Content-Type": type } })).json()) as BroughtIn);
      onDone();
    } catch (fault) {
      setWrong(fault);
    }
  };
  return (
    <div class="bring">
      <ChooseFile
        label={say("bringInOrganisations")}
        accept={`.xlsx,.csv,${EXCEL},text/csv`}
        hint={say("organisationColumns")}
        onChoose={bring}
      />
      {told && <Rows told={told} />}
      <Trouble wrong={wrong} />
    </div>
  );
}

function Rows({ told }: { told: BroughtIn }): JSX.Element {
  const bad = told.items.filter((one) => ["faulty", "refused"].includes(one.became));
  const counts = COUNTED.filter((name) => told[name]).map((name) => `${word("became", name)} ${told[name]}`);
  return (
    <div class={`notice ${bad.length ? "wrong" : "well"}`} role={bad.length ? "alert" : "status"}>
      <strong>{counts.join(" · ")}</strong>
      {told.ignored.length > 0 && <p>{say("ignoredColumns", { names: told.ignored.join("、") })}</p>}
      <ul>
        {bad.map((one) => (
          <li key={one.row}>
            {[say("rowN", { n: one.row }), one.code, one.name].filter(Boolean).join(" · ")}:{" "}
            {one.why ? word("why", one.why) : one.faults.map((fault) => `${word("organisationField", fault.column)} ${fault.reason}`).join("；")}
          </li>
        ))}
      </ul>
    </div>
  );
}
