/** The door: name and password, a second factor where one is asked for, one's own password in place of one given out. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useAsked } from "./asking.ts";
import { comeBack, fromProvider, get, goToProvider, lapsed, Problem, send, signIn } from "./house.ts";
import { begin } from "./live.ts";
import { Language, Trouble } from "./marks.tsx";
import { say } from "./words.ts";

const FACTOR = ["second-factor-required", "second-factor-wrong"];

export function Door(): JSX.Element {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const code = wrong instanceof Problem ? wrong.code : "";
  const [asked, setAsked] = useState<"factor" | "password" | null>(null);
  const [back, setBack] = useState(fromProvider);
  const openid = useAsked((signal) => get<{ openid?: boolean }>("/api/v1/config", signal), []).told?.openid ?? false;
  useEffect(() => {
    if (!back) return;
    comeBack(back).then(begin, (fault: unknown) => (setWrong(fault), setBack(null)));
  }, []);
  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const said = (name: string): string => String(form.get(name) ?? "");
    const username = said("username").trim();
    setBusy(true);
    try {
      let password = said("password");
      if (asked === "password") {
        const body = { username, password, new: said("new") };
        await send("/api/v1/password", { method: "POST", body });
        password = said("new");
      }
      await signIn(username, password, said("code").trim());
      begin();
    } catch (fault) {
      setWrong(fault);
      setBusy(false);
      if (fault instanceof Problem && FACTOR.includes(fault.code)) setAsked("factor");
      if (fault instanceof Problem && fault.code === "password-once") setAsked("password");
    }
  };
  const expected = code === "second-factor-required" || code === "password-once"; // no fault: the next question
  return (
    <>
      <header id="top">
        <img src="/desk/mark.svg" alt="" width="28" height="28" />
        <h1>
          {say("product")} <small>{say("desk")}</small>
        </h1>
        <Language />
      </header>
      <main id="door">
        <form onSubmit={(event) => void enter(event)}>
          <h2>{say("signIn")}</h2>
          <p class="muted">{say(asked === "password" ? "newPasswordHint" : "promise")}</p>
          <label>
            <span>{say("username")}</span>
            <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
          </label>
          <label>
            <span>{say("password")}</span>
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
          {asked === "password" && (
            <label>
              <span>{say("newPassword")}</span>
              <input name="new" type="password" autocomplete="new-password" required maxLength={1000} />
            </label>
          )}
          {asked === "factor" && (
            <label>
              <span>{say("secondFactor")}</span>
              <input name="code" inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={20} />
            </label>
          )}
          {!expected && <Trouble wrong={wrong ?? lapsed.value} />}
          <button class="main" disabled={busy || back !== null}>
            {say(back ? "openidBack" : "signIn")}
          </button>
          {openid && !back && (
            <button type="button" onClick={() => void goToProvider().catch(setWrong)}>
              {say("openid")}
            </button>
          )}
        </form>
      </main>
    </>
  );
}
