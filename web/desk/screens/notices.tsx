/** Papers: what is drafted, waits for approval, is issued, served, answered; and how each reads. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { file, get, type Said } from "../house.ts";
import { beat } from "../live.ts";
import { Choice, day, Empty, Fact, Loading, moment, saveAs, Standing, Trouble } from "../marks.tsx";
import { useKeys } from "../keys.ts";
import { go, path } from "../route.ts";
import { codes, listed, say, word } from "../words.ts";
import { PaperActs } from "./notice-acts.tsx";
import { Preview } from "./preview.tsx";

type Notice = Said<"Notice">;
export type WholeNotice = Said<"WholeNotice">;

export function Notices({ dossier, id }: { dossier: string | undefined; id: string | undefined }): JSX.Element {
  const [state, setState] = useState("");
  const [kind, setKind] = useState("");
  const [more, setMore] = useState<{ items: Notice[]; next: string | null }>({ items: [], next: null });
  const query = new URLSearchParams({ limit: "50" });
  if (state) query.set("state", state);
  if (kind) query.set("notice_kind", kind);
  const asked = useAsked((signal) => get<Said<"Notices">>(`/api/v1/notices?${query}`, signal), [state, kind], beat.value);
  useEffect(() => setMore({ items: [], next: asked.told?.next ?? null }), [asked.told]);
  const items = [...(asked.told?.items ?? []), ...more.items];
  const older = async (): Promise<void> => {
    const page = await get<Said<"Notices">>(`/api/v1/notices?${query}&page=${encodeURIComponent(more.next ?? "")}`);
    setMore({ items: [...more.items, ...page.items], next: page.next });
  };
  const move = (by: number): void => {
    const at = items.findIndex((one) => one.id === id);
    const to = items[Math.max(0, Math.min(items.length - 1, at + by))];
    if (to) go(path("notices", to.dossier, to.id).slice(1));
  };
  useKeys(
    [
      { keys: ["j", "ArrowDown"], does: "keyDown", act: () => move(1) },
      { keys: ["k", "ArrowUp"], does: "keyUp", act: () => move(-1) },
      { keys: ["Escape"], does: "keyBack", act: () => go("/notices") },
    ],
    [id, items.length],
  );
  const all = (name: "noticeState" | "noticeKind"): (readonly [string, string])[] =>
    codes(name).map((code) => [code, word(name, code)] as const);
  return (
    <main id="work" class={id ? "reading" : ""}>
      <section id="queue" class="inbox" aria-label={say("noticesShort")}>
        <form id="filters" role="search" aria-label={say("filters")} onSubmit={(event) => event.preventDefault()}>
          <div class="choices">
            <Choice bare label={say("state")} value={state} of={[["", say("anyState")], ...all("noticeState")]} onChoose={setState} />
            <Choice bare label={say("noticeKind")} value={kind} of={[["", say("anyKind")], ...all("noticeKind")]} onChoose={setKind} />
          </div>
        </form>
        <Trouble wrong={asked.wrong} again={asked.again} />
        {!asked.told && asked.busy && <Loading />}
        {asked.told && !items.length && <Empty title={say("noNotices")} hint={say("noNoticesHint")} />}
        <ol>
          {items.map((one) => (
            <li key={one.id}>
              <a href={path("notices", one.dossier, one.id)} aria-current={one.id === id ? "true" : undefined}>
                <strong>{word("noticeKind", one.notice_kind)}</strong>
                <span>
                  {one.number ?? one.temporary_no ?? say("noNumber")} · {one.addressee_name ?? one.addressee ?? "—"}
                </span>
                <span class="line">
                  <b class={`state ${one.state}`}>{word("noticeState", one.state)}</b>
                  {one.faulty && <b class="late">{say("faulty")}</b>}
                  {one.reply_due_on && <span>{say("replyBy", { on: day(one.reply_due_on) })}</span>}
                  <span class="muted">{one.project ?? one.dossier}</span>
                </span>
              </a>
            </li>
          ))}
        </ol>
        {more.next && (
          <footer>
            <button type="button" onClick={() => void older()}>
              {say("more")}
            </button>
          </footer>
        )}
      </section>
      <article id="detail" aria-label={say("noticesShort")}>
        {id && dossier ? <One key={id} dossier={dossier} id={id} /> : <Empty title={say("chooseNotice")} hint={say("chooseNoticeHint")} />}
      </article>
    </main>
  );
}

function One({ dossier, id }: { dossier: string; id: string }): JSX.Element {
  const where = `/api/v1/notices/${id}?dossier=${encodeURIComponent(dossier)}`;
  const asked = useAsked((signal) => get<WholeNotice>(where, signal), [where], beat.value);
  const { told: notice } = asked;
  const [wrong, setWrong] = useState<unknown>(null);
  if (!notice) return asked.wrong ? <Trouble wrong={asked.wrong} again={asked.again} /> : <Loading />;
  const body = notice.body as Record<string, unknown>;
  const text = (name: string): string => (typeof body[name] === "string" ? (body[name] as string) : "");
  const pdf = async (): Promise<void> => {
    const at = `/api/v1/notices/${id}/pdf?dossier=${encodeURIComponent(dossier)}`;
    await file(at).then((href) => saveAs(href, `${notice.number ?? "paper"}.pdf`), setWrong);
  };
  const faults = (body.faults as { code?: string }[] | undefined) ?? [];
  return (
    <>
      <a href="#/notices" class="back">
        ‹ {say("backNotices")}
      </a>
      <header>
        <p class="line">
          <Standing of={notice.state} table="noticeState" /> {notice.number ?? notice.temporary_no ?? say("noNumber")}
        </p>
        <h2 tabIndex={-1}>{word("noticeKind", notice.notice_kind)}</h2>
        <p class="muted">{[notice.addressee_name ?? notice.addressee, notice.project].filter(Boolean).join(" · ")}</p>
      </header>
      {faults.length > 0 && (
        <p class="notice wrong" role="status">
          <strong>{say("faulty")}</strong> {listed(faults.map((fault) => word("why", fault.code ?? "")))}
        </p>
      )}
      <section>
        <h3>{say("facts")}</h3>
        <dl>
          <Fact name={say("draftedAt")}>{moment(notice.drafted_at)}</Fact>
          <Fact name={word("fields", "issued_at")}>{notice.issued_at && moment(notice.issued_at)}</Fact>
          <Fact name={word("fields", "served_on")}>{notice.served_on && day(notice.served_on)}</Fact>
          <Fact name={say("replyDue")}>{notice.reply_due_on && day(notice.reply_due_on)}</Fact>
          <Fact name={word("fields", "demand")}>{text("demand")}</Fact>
          <Fact name={say("citations")}>{((body.legal_basis as string[] | undefined) ?? []).join("；")}</Fact>
          <Fact name={say("voidReason")}>{text("void_reason")}</Fact>
          <Fact name={say("aboutIssues")}>
            {((body.issues as string[] | undefined) ?? []).map((issue, index) => (
              <a key={issue} href={path("issue", issue)}>
                {say("issueNo", { n: index + 1 })}{" "}
              </a>
            ))}
          </Fact>
        </dl>
      </section>
      <section>
        <h3>{say(notice.number ? "preview" : "previewDraft")}</h3>
        <Preview dossier={dossier} id={id} version={notice.version} />
        {notice.number && (
          <p class="buttons">
            <button type="button" onClick={() => void pdf()}>
              {say("savePdf")}
            </button>
            {notice.pdf_sha256 && (
              <small>
                SHA-256 <code>{notice.pdf_sha256}</code>
              </small>
            )}
          </p>
        )}
        <Trouble wrong={wrong} />
      </section>
      <PaperActs notice={notice} onTaken={(now) => (now ? asked.set(now) : asked.again())} />
    </>
  );
}
