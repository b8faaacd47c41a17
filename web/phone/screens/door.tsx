/** The door: sign in once with a line, then open with the phone's own code. */

import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { HttpLine, NoLine, Refused } from "../../sync/line.ts";
import { enter } from "../house.ts";
import { device, keep, type Opened, people, type Person, unlock } from "../people.ts";
import { go, route } from "../route.ts";
import { unseal } from "../vault.ts";
import { changeLanguage, language, say } from "../words.ts";

const PIN = /^\d{6,12}$/;

export function Door({ asked = null }: { asked?: string | null }): JSX.Element {
  const known = people();
  const sealed = known.filter((person) => person.sealed);
  const [person, setPerson] = useState<Person | null>(asked ? null : (sealed[0] ?? null));
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <main class="door">
      <img src="/phone/mark.svg" alt="" width="64" height="64" />
      <h1>{say("product")}</h1>
      {opened ? (
        <SetPin opened={opened} />
      ) : person ? (
        <Unlock person={person} onSpent={() => setPerson(null)} />
      ) : (
        <SignIn onIn={setOpened} name={asked ?? known[0]?.user.username ?? ""} />
      )}
      {!opened && (
        <div class="others">
          {sealed
            .filter((other) => other.user.id !== person?.user.id)
            .map((other) => (
              <button type="button" class="quiet" key={other.user.id} onClick={() => setPerson(other)}>
                {other.user.name}
              </button>
            ))}
          {person && (
            <button type="button" class="quiet" onClick={() => setPerson(null)}>
              {say("otherPerson")}
            </button>
          )}
          <button type="button" class="quiet" onClick={changeLanguage}>
            {say("otherLanguage")}
          </button>
        </div>
      )}
    </main>
  );
}

function SignIn({ onIn, name }: { onIn: (opened: Opened) => void; name: string }): JSX.Element {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const signIn = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    setBusy(true);
    try {
      const answer = await new HttpLine("", () => language.value).signIn(
        String(said.get("username")),
        String(said.get("password")),
        device(),
      );
      if (!answer.user || !answer.access_token) throw new Error("an answer without a session");
      onIn({ user: answer.user, token: answer.access_token });
    } catch (wrong) {
      setFault(wrong instanceof Refused ? wrong.message : wrong instanceof NoLine ? say("unreachable") : String(wrong));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void signIn(event)}>
      <p class="muted">{say("signInOnce")}</p>
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
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <button class="main" disabled={busy}>
        {say("signIn")}
      </button>
    </form>
  );
}

const Code = ({ name, label }: { name: string; label: string }): JSX.Element => (
  <label class="field">
    <span>{label}</span>
    <input
      name={name}
      type="password"
      inputmode="numeric"
      pattern="[0-9]*"
      autocomplete="off"
      maxLength={12}
      required
    />
  </label>
);

/** The code of this phone: a new one, or, where the person has one here, that one again. */
function SetPin({ opened }: { opened: Opened }): JSX.Element {
  const [known, setKnown] = useState(people().find(({ user, sealed }) => user.id === opened.user.id && sealed));
  const [fault, setFault] = useState<string | null>(null);
  const set = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    const pin = String(said.get("pin"));
    if (known?.sealed && (await unseal(known.sealed, pin)) === null) return setFault(say("notThisPin"));
    if (!known && !PIN.test(pin)) return setFault(say("pinShort"));
    if (!known && pin !== said.get("again")) return setFault(say("pinDiffers"));
    await keep(opened, pin);
    enter(opened);
    if (route.value === "/sign-in") go("/", true);
  };
  const fresh = (): void => {
    setKnown(undefined);
    setFault(null);
  };
  return (
    <form onSubmit={(event) => void set(event)}>
      <h2>{known ? opened.user.name : say("setPin")}</h2>
      {!known && <p class="muted">{say("setPinHint")}</p>}
      <Code name="pin" label={known ? say("unlockHint") : say("pin")} />
      {!known && <Code name="again" label={say("pinAgain")} />}
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <button class="main">{known ? say("unlock") : say("save")}</button>
      {known && (
        <button type="button" class="quiet" onClick={fresh}>
          {say("setPin")}
        </button>
      )}
    </form>
  );
}

function Unlock({ person, onSpent }: { person: Person; onSpent: () => void }): JSX.Element {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const open = async (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    const told = await unlock(
      people().find(({ user }) => user.id === person.user.id) ?? person,
      String(new FormData(form).get("pin")),
    );
    setBusy(false);
    form.reset();
    if (typeof told !== "number") return enter(told);
    setFault(told ? say("wrongPin", { n: told }) : say("pinSpent"));
    if (!told) onSpent();
  };
  return (
    <form onSubmit={(event) => void open(event)}>
      <h2>{person.user.name}</h2>
      <Code name="pin" label={say("unlockHint")} />
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <button class="main" disabled={busy}>
        {say("unlock")}
      </button>
    </form>
  );
}
