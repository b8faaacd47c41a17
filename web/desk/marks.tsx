/** What every screen is made of: dates, an issue's marks, dialogs, and what went wrong in words. */

import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { Outcome } from "./changes.ts";
import { Problem, type Said } from "./house.ts";
import { changeLanguage, language, say, type TableName, type Word, word } from "./words.ts";

// British English, because 11/5 must not be read as the fifth month's eleventh day.
const shanghai = (at: string | number, options: Intl.DateTimeFormatOptions, locale?: string): string =>
  new Intl.DateTimeFormat(locale ?? (language.value === "en" ? "en-GB" : "zh-CN"), {
    timeZone: "Asia/Shanghai",
    ...options,
  }).format(new Date(at));

export const today = (): string => shanghai(Date.now(), {}, "en-CA");

export function day(at: string): string {
  const year = at.startsWith(today().slice(0, 4)) ? {} : ({ year: "numeric" } as const);
  return shanghai(at, { month: "short", day: "numeric", ...year });
}

export const moment = (at: string): string =>
  `${day(at)} ${shanghai(at, { hour: "2-digit", minute: "2-digit", hour12: false })}`;

export const daysLate = (on: string): number => Math.round((Date.parse(today()) - Date.parse(on)) / 86_400_000);

export const Badge = ({ of }: { of: string }): JSX.Element => <b class={`badge ${of}`}>{word("severity", of)}</b>;
export const Standing = ({ of, table = "state" }: { of: string; table?: TableName }): JSX.Element => (
  <b class={`state ${of}`}>{word(table, of)}</b>
);

export function Deadline({ issue }: { issue: Pick<Said<"Issue">, "due_on" | "overdue"> }): JSX.Element {
  if (!issue.due_on) return <span>{say("noDue")}</span>;
  return (
    <span>
      {say("due")} {day(issue.due_on)}{" "}
      {issue.overdue && <b class="late">{say("overdue", { n: daysLate(issue.due_on) })}</b>}
    </span>
  );
}

export function Evidence({ of: { stored, total } }: { of: Said<"Evidence"> }): JSX.Element | null {
  if (!total) return null; // the empty frame beside it says so
  return <span class={stored < total ? "thin" : ""}>{`${say("evidence")} ${stored}/${total}`}</span>;
}

export const Fact = ({ name, children }: { name: string; children: ComponentChildren }): JSX.Element | null =>
  [null, undefined, false, ""].includes(children as null) ? null : (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );

/** Whom a code names; the code stands beside, for it is what records hold. */
export const Named = ({ code, name }: { code: string; name: string | null }): JSX.Element =>
  name ? (
    <>
      {name} <small>{code}</small>
    </>
  ) : (
    <>{code}</>
  );

export const Empty = ({ title, hint, children }: { title: string; hint?: string; children?: ComponentChildren }): JSX.Element => (
  <div class="empty">
    <strong>{title}</strong>
    {hint && <p>{hint}</p>}
    {children}
  </div>
);

export const Loading = (): JSX.Element => (
  <p class="empty" role="status">
    {say("loading")}
  </p>
);

interface Faulty {
  field?: string;
  message?: string;
}

/** For how many seconds the house asks to be left alone. */
const waited = (s: number): string => (s > 90 ? say("waitMinutes", { n: Math.ceil(s / 60) }) : say("waitSeconds", { n: s }));

/** A wrong password is set right where it was typed; any other 401 is about a sign-in that is over. */
function nextStep({ code, status, remedy }: Problem): Word {
  if (code === "wrong-password") return "next-password";
  return status === 401 && remedy === "retry" ? "next-sign-in" : (`next-${remedy}` as Word);
}

/** What went wrong and what to do next; `again` where trying again may help. */
export function Trouble({ wrong, again, hint }: { wrong: unknown; again?: (() => void) | undefined; hint?: string }): JSX.Element | null {
  if (!wrong || (wrong as Error).name === "AbortError") return null;
  if (!(wrong instanceof Problem)) {
    return (
      <div class="notice" role="alert">
        <strong>{String(wrong)}</strong>
      </div>
    );
  }
  const title = wrong.status ? wrong.message : say("unreachable");
  const faults = (wrong.details.faults as Faulty[] | undefined) ?? [];
  const listed = faults.map((fault) => `${word("fields", fault.field ?? "")}: ${fault.message ?? ""}`);
  const why = [...new Set([wrong.detail, wrong.details.why as string | undefined, ...listed])].filter((w) => w && w !== title);
  const next = wrong.wait ? waited(wrong.wait) : say(nextStep(wrong));
  return (
    <div class="notice" role="alert">
      <strong>{title}</strong>
      {why.length > 0 && <p class="muted">{why.join(" · ")}</p>}
      <p>
        {next} {hint}
        {wrong.request && <small>{` ${say("requestId")} ${wrong.request.slice(0, 8)}`}</small>}
      </p>
      {again && wrong.unsure && (
        <button type="button" onClick={again}>
          {say("again")}
        </button>
      )}
    </div>
  );
}

interface Asking {
  title: string;
  onClose: () => void;
  /** Somebody pressed beside it; as onClose where not given. */
  onAside?: () => void;
  children: ComponentChildren;
  class?: string;
}

/** A question over the page; Escape and the ground behind it close it, and the focus goes back where it was. */
export function Dialog({ title, onClose, onAside = onClose, children, class: look = "" }: Asking): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before anything is painted: the next key is already the dialog's.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const outside = (event: MouseEvent): void => {
    if (event.target === dialog.current) onAside();
  };
  return (
    <dialog ref={dialog} class={look} onClose={onClose} onClick={outside} aria-label={title}>
      <div class="sheet">
        <h2 tabIndex={-1}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** What became of a write, in words: done, or kept and why. */
export function Verdict({ outcome, what, state, table = "state" }: { outcome: Outcome; what: string; state?: string; table?: TableName; }): JSX.Element {
  const kept = ["conflict", "parked", "invalid"].includes(outcome.status);
  const why = outcome.why ? `${word("why", outcome.why)} (${outcome.why})` : null;
  const others = outcome.why === "own-work" ? outcome.faults?.map(({ message }) => message).join() : null;
  const next = outcome.remedy && !others ? say(`next-${outcome.remedy}` as Word) : null;
  const now = state ? say("nowState", { state: word(table, state) }) : null;
  return (
    <div class={`notice ${kept ? "wrong" : "well"}`} role="status">
      <strong>
        {say(outcome.status as Word, { what })}
        {outcome.replay && say("replay")}
      </strong>
      <p>{[why, others, now, next].filter(Boolean).join(" · ")}</p>
    </div>
  );
}

/** One of a few. */
export const Choice = (given: {
  label: string;
  value: string;
  of: readonly (readonly [string, string])[];
  onChoose: (value: string) => void;
  name?: string;
  bare?: boolean;
}): JSX.Element => {
  const select = (
    <select
      name={given.name}
      value={given.value}
      aria-label={given.bare ? given.label : undefined}
      onChange={(event) => given.onChoose(event.currentTarget.value)}
    >
      {given.of.map(([value, text]) => (
        // Said of the option too: it may come after the value that names it.
        <option key={value} value={value} selected={value === given.value}>
          {text}
        </option>
      ))}
    </select>
  );
  return given.bare ? (
    select
  ) : (
    <label class="field">
      <span>{given.label}</span>
      {select}
    </label>
  );
};

/** The other language, named in itself. */
export const Language = (): JSX.Element => (
  <button type="button" class="quiet" onClick={changeLanguage} lang={language.value === "en" ? "zh-CN" : "en"}>
    {say("otherLanguage")}
  </button>
);

/** Hand a file to the person under a name. */
export function saveAs(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it meanwhile
}

interface Choosing {
  label: string;
  accept: string;
  hint?: string;
  onChoose: (file: File | undefined) => Promise<void>;
}

/** A file to bring in, asked for in the page's language: a browser's own field speaks the browser's. */
export const ChooseFile = ({ label, accept, hint, onChoose }: Choosing): JSX.Element => (
  <label class="field choosing">
    <span>{label}</span>
    <input
      type="file"
      accept={accept}
      aria-label={label}
      onChange={(event) => {
        const input = event.currentTarget;
        void onChoose(input.files?.[0]).then(() => (input.value = "")); // the same file, mended, may be chosen again
      }}
    />
    <span class="button" aria-hidden="true">
      {say("chooseFile")}
    </span>
    {hint && <small>{hint}</small>}
  </label>
);

/** How a dialog ends: as if nothing had been, or by what the children do. */
export const Ends = ({ onCancel, children }: { onCancel: () => void; children?: ComponentChildren }): JSX.Element => (
  <div class="menu">
    <button type="button" onClick={onCancel}>
      {say("cancel")}
    </button>
    {children}
  </div>
);
