/** The door: this phone's own code; who has none here comes in with a line (entry.tsx). */

import type { JSX, TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { begun, unreported } from "../device.ts";
import { enter } from "../house.ts";
import { rooms } from "../later.ts";
import { away, known, people, type Person, unlock } from "../people.ts";
import { changeLanguage, say } from "../words.ts";

export function Door({ asked = null }: { asked?: string | null }): JSX.Element {
  const all = people();
  const sealed = all.filter((person) => person.sealed);
  const [chosen, setPerson] = useState<Person | null>(asked ? null : (sealed[0] ?? null));
  const late = chosen !== null && away(chosen.user);
  const person = begun.value || late ? null : chosen;
  const name = asked ?? (chosen ?? all[0])?.user.username ?? "";
  return (
    <main class="door">
      <img src="/phone/mark.svg" alt="" width="64" height="64" />
      <h1>{say("product")}</h1>
      {unreported.value ? (
        <p class="notice" role="status">
          {say("wiped")}
        </p>
      ) : person ? (
        <Unlock person={person} key={person.user.id} onSpent={() => setPerson(null)} />
      ) : (
        rooms.value && (
          <rooms.value.Entry
            name={name}
            key={name}
            hint={late ? say("awayTooLong", { n: known(chosen.user)?.hours ?? 0 }) : null}
          />
        )
      )}
      {!begun.value && !unreported.value && (
        <div class="others">
          {sealed
            .filter((other) => other.user.id !== chosen?.user.id)
            .map((other) => (
              <button type="button" class="quiet" key={other.user.id} onClick={() => setPerson(other)}>
                {other.user.name}
              </button>
            ))}
          {chosen && (
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

export const PinField = ({ name, label }: { name: string; label: string }): JSX.Element => (
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
    if (typeof told !== "number") return away(told.user) ? onSpent() : enter(told);
    setFault(told ? say("wrongPin", { n: told }) : say("pinSpent"));
    if (!told) onSpent();
  };
  return (
    <form onSubmit={(event) => void open(event)}>
      <h2>{person.user.name}</h2>
      <PinField name="pin" label={say("unlockHint")} />
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
