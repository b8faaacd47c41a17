/** The second factor: a secret for any authenticator, a code that makes it count, and codes for when it is lost. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { PasswordAgain, useAgain } from "../again.tsx";
import { post, type Said } from "../house.ts";
import { Trouble } from "../marks.tsx";
import { Qr } from "../qr.tsx";
import { say } from "../words.ts";

export function Factor(): JSX.Element {
  const [begun, setBegun] = useState<Said<"FactorBegun"> | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const again = useAgain();
  const begin = (event: SubmitEvent): void => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    again.tried(String(said.password ?? ""), post<Said<"FactorBegun">>("/api/v1/session/factor", said).then(setBegun));
  };
  const confirm = (event: SubmitEvent): void => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get("code")).trim();
    post<Said<"RecoveryCodes">>("/api/v1/session/factor/confirmation", { code }).then((told) => setCodes(told.codes), setWrong);
  };
  return (
    <section>
      <h3>{say("factor")}</h3>
      <p class="muted">{say("factorHint")}</p>
      <Trouble wrong={wrong} />
      {codes ? (
        <div class="notice well" role="status">
          <strong>{say("recovery")}</strong>
          <p class="codes">
            {codes.map((code) => (
              <code key={code}>{code}</code>
            ))}
          </p>
        </div>
      ) : begun ? (
        <form class="factor" onSubmit={confirm}>
          <Qr text={begun.address} label={say("factorQr")} />
          <p>
            <code class="secret">{begun.secret}</code>
          </p>
          <label class="field">
            <span>{say("factorCode")}</span>
            <input name="code" inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={6} />
          </label>
          <div class="buttons">
            <button class="main">{say("confirmFactor")}</button>
          </div>
        </form>
      ) : (
        <form class="factor" onSubmit={begin}>
          <PasswordAgain of={again} />
          <div class="buttons">
            <button>{say("setFactor")}</button>
          </div>
        </form>
      )}
    </section>
  );
}
