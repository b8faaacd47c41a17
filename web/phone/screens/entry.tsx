/** The way in with a line: name and password, a second factor where one is asked for; then this phone's own code. */

import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { HttpLine, NoLine, Refused, type SignedIn } from "../../sync/line.ts";
import { begun, device, offered } from "../device.ts";
import { enter, revoked } from "../house.ts";
import { keep, known, named, openedBy } from "../people.ts";
import { go, route } from "../route.ts";
import { unseal } from "../vault.ts";
import { say } from "../room-words.ts";
import { language } from "../words.ts";
import { PinField } from "./door.tsx";

const PIN = /^\d{6,12}$/;
const FACTOR = ["second-factor-required", "second-factor-wrong"];

export const Entry = ({ name, hint }: { name: string; hint: string | null }): JSX.Element =>
  begun.value ? <SetPin of={begun.value} /> : <SignIn name={name} hint={hint} />;

async function signIn(username: string, password: string, code: string): Promise<SignedIn> {
  const [line, here] = [new HttpLine("", () => language.value), named()];
  return here.enrolled
    ? (await device()).signIn(line, username, password, code)
    : line.signIn(username, password, here.id, code);
}

/** What went wrong, in the house's words or our own. */
export function explained(wrong: unknown): string {
  if (wrong instanceof NoLine) return say("unreachable");
  if (wrong instanceof Refused && wrong.code === "proof-required") return say("keyLost");
  return wrong instanceof Error ? wrong.message : String(wrong);
}

function SignIn({ name, hint }: { name: string; hint: string | null }): JSX.Element {
  const [wrong, setWrong] = useState<unknown>(null);
  const [factor, setFactor] = useState(false);
  const [busy, setBusy] = useState(false);
  const submit = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (which: string): string => String(form.get(which) ?? "").trim();
    setBusy(true);
    try {
      const told = await signIn(field("username"), String(form.get("password")), field("code"));
      begun.value = { opened: openedBy(told), hours: told.offline_hours };
    } catch (fault) {
      setWrong(fault);
      if (fault instanceof Refused && FACTOR.includes(fault.code)) setFactor(true);
      if (fault instanceof Refused && fault.code === "device-revoked") await revoked(fault);
    } finally {
      setBusy(false);
    }
  };
  const asked = wrong instanceof Refused && wrong.code === "second-factor-required"; // no fault: the next question
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p class={hint ? "notice" : "muted"}>{hint ?? say("signInOnce")}</p>
      <label class="field">
        <span>{say("username")}</span>
        <input
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          defaultValue={name}
          required
        />
      </label>
      <label class="field">
        <span>{say("password")}</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      {factor && (
        <label class="field">
          <span>{say("factor")}</span>
          <input name="code" inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={20} />
        </label>
      )}
      {wrong !== null && !asked && (
        <p class="notice wrong" role="alert">
          {explained(wrong)}
        </p>
      )}
      <button class="main" disabled={busy}>
        {say("signIn")}
      </button>
      <button type="button" onClick={() => (offered.value = "")}>
        {say("enrol")}
      </button>
    </form>
  );
}

/** The code of this phone: a new one, or, where the person has one here, that one again. */
function SetPin({ of: { opened, hours } }: { of: NonNullable<typeof begun.value> }): JSX.Element {
  const [before, setBefore] = useState(known(opened.user)?.sealed);
  const [fault, setFault] = useState<string | null>(null);
  const set = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const pin = String(form.get("pin"));
    if (before && (await unseal(before, pin)) === null) return setFault(say("notThisPin"));
    if (!before && !PIN.test(pin)) return setFault(say("pinShort"));
    if (!before && pin !== form.get("again")) return setFault(say("pinDiffers"));
    await keep(opened, pin, hours);
    begun.value = null;
    enter(opened);
    if (route.value === "/sign-in") go("/", true);
  };
  const fresh = (): void => {
    setBefore(undefined);
    setFault(null);
  };
  return (
    <form onSubmit={(event) => void set(event)}>
      <h2>{before ? opened.user.name : say("setPin")}</h2>
      {!before && <p class="muted">{say("setPinHint")}</p>}
      <PinField name="pin" label={before ? say("unlockHint") : say("pin")} />
      {!before && <PinField name="again" label={say("pinAgain")} />}
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <button class="main">{before ? say("unlock") : say("save")}</button>
      {before && (
        <button type="button" class="quiet" onClick={fresh}>
          {say("newPin")}
        </button>
      )}
    </form>
  );
}
