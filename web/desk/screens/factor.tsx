/** The second factor: a secret for any authenticator, a code that makes it count, and codes for when it is lost. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { post, type Said } from "../house.ts";
import { Trouble } from "../marks.tsx";
import { say } from "../words.ts";

export function Factor(): JSX.Element {
  const [begun, setBegun] = useState<{ told: Said<"FactorBegun">; modules: boolean[][] } | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const begin = async (): Promise<void> => {
    const told = await post<Said<"FactorBegun">>("/api/v1/session/factor", {});
    const { encodeQR } = await import("qr"); // few need it
    setBegun({ told, modules: encodeQR(told.address, "raw") });
    setWrong(null);
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
          <Code modules={begun.modules} />
          <p>
            <code class="secret">{begun.told.secret}</code>
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
        <div class="buttons">
          <button type="button" onClick={() => void begin().catch(setWrong)}>
            {say("setFactor")}
          </button>
        </div>
      )}
    </section>
  );
}

/** Dark on light whatever the scheme: cameras read nothing else. */
function Code({ modules }: { modules: boolean[][] }): JSX.Element {
  const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${modules.length} ${modules.length}`} role="img" aria-label={say("factorQr")}>
      <path d={path} />
    </svg>
  );
}
