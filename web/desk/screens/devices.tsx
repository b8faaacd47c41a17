/** Phones and tablets: a code that enrols one, how each stands, and its end. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { PasswordAgain, useAgain } from "../again.tsx";
import { useAsked } from "../asking.ts";
import { get, post, type Said, send } from "../house.ts";
import { Dialog, Empty, Ends, Fact, moment, Trouble } from "../marks.tsx";
import { Qr } from "../qr.tsx";
import { say } from "../words.ts";

type Device = Said<"EnrolledDevice">;
type End = "revoke" | "wipe";
const LOOK_MS = 3_000;
const HOUR_MS = 3_600_000;
const CODE_MS = 600_000;

interface Whose {
  /** Whose devices, and whom a code is for; null for all of them, and for tablets that are shared. */
  person: string | null;
  /** One's own code wants no administrator. */
  own?: boolean;
}

/** So many pages of a hundred, one after the other; `next` where there are more. */
async function list(person: string | null, pages: number, signal: AbortSignal): Promise<Said<"EnrolledDevices">> {
  const found: Said<"EnrolledDevices"> = { items: [], next: null };
  for (let n = 0; n < pages && (n === 0 || found.next); n += 1) {
    const asked = new URLSearchParams({ limit: "100", ...(person && { person }), ...(found.next && { page: found.next }) });
    const told = await get<Said<"EnrolledDevices">>(`/api/v1/devices?${asked}`, signal);
    found.items.push(...told.items);
    found.next = told.next;
  }
  return found;
}

export function Devices({ person, own = false }: Whose): JSX.Element {
  const [pages, setPages] = useState(1);
  const devices = useAsked((signal) => list(person, pages, signal), [person], pages); // what is shown stays meanwhile
  const hours = useAsked((signal) => get<{ offline_hours: number }>("/api/v1/config", signal), []).told?.offline_hours;
  const [ending, setEnding] = useState<{ device: Device; how: End } | null>(null);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const items = devices.told?.items ?? [];
  const enrolled = (name: string): void => {
    setMaking(false);
    setMade(name);
    devices.again();
  };
  return (
    <section>
      <h3>{say("devices")}</h3>
      <Trouble wrong={devices.wrong} again={devices.again} />
      {made && (
        <div class="notice well" role="status">
          <strong>{say("enrolled", { name: made })}</strong>
        </div>
      )}
      {devices.told && !items.length && <Empty title={say("noDevices")} />}
      <ul class="list devices">
        {items.map((one) => (
          <Line key={one.id} device={one} named={person === null} hours={hours} onEnd={(how) => setEnding({ device: one, how })} />
        ))}
      </ul>
      <p class="buttons">
        <button type="button" onClick={() => setMaking(true)}>
          {say(person === null ? "enrolShared" : "enrol")}
        </button>
        {devices.told?.next && (
          <button type="button" disabled={devices.busy} onClick={() => setPages(pages + 1)}>
            {say("more")}
          </button>
        )}
      </p>
      {ending && <Ending {...ending} onDone={() => (setEnding(null), devices.again())} onClose={() => setEnding(null)} />}
      {making && <Making person={person} own={own} onEnrolled={enrolled} onClose={() => setMaking(false)} />}
    </section>
  );
}

/** How one stands: when it was last here, what it was ordered, what became of that. */
function Line(given: { device: Device; named: boolean; hours: number | undefined; onEnd: (how: End) => void }): JSX.Element {
  const { device, named, hours = Infinity, onEnd } = given;
  const ended = device.revoked_at !== null;
  const ago = Date.now() - Date.parse(device.seen_at ?? device.enrolled_at);
  const silent = !ended && ago > hours * HOUR_MS;
  return (
    <li>
      <b>{device.name}</b>
      {named && <span>{device.whose ?? say("sharedDevice")}</span>}
      <span class={silent ? "late" : "muted"}>
        {say("seenAt", { at: moment(device.seen_at ?? device.enrolled_at) })}
        {silent && ` · ${say("silent", { n: Math.floor(ago / 24 / HOUR_MS) })}`}
      </span>
      {device.wiped_at ? (
        <span>
          {say("wipedAt", { at: moment(device.wiped_at) })} ·{" "}
          {device.unsent ? <b class="late">{say("unsentLost", { n: device.unsent })}</b> : say("allHome")}
        </span>
      ) : (
        device.wipe && <b class="state rectifying">{say(ended ? "revoked" : "toBeWiped", { at: moment(device.wipe.at) })}</b>
      )}
      {!ended && (
        <span class="ends">
          {!device.wipe && (
            <button type="button" onClick={() => onEnd("wipe")}>
              {say("wipe")}
            </button>
          )}
          <button type="button" class="grave" onClick={() => onEnd("revoke")}>
            {say("revoke")}
          </button>
        </span>
      )}
    </li>
  );
}

/** The question before an end says what it does; the reason goes into the security log. */
function Ending(given: { device: Device; how: End; onDone: () => void; onClose: () => void }): JSX.Element {
  const { device, how } = given;
  const [wrong, setWrong] = useState<unknown>(null);
  const end = (event: SubmitEvent): void => {
    event.preventDefault();
    const why = String(new FormData(event.currentTarget as HTMLFormElement).get("why")).trim();
    void send(`/api/v1/devices/${device.id}/${how}`, { method: "POST", body: { why } }).then(given.onDone, setWrong);
  };
  return (
    <Dialog title={`${say(how)}${say("colon")}${device.name}`} onClose={given.onClose}>
      <form onSubmit={end}>
        <p>{say(how === "wipe" ? "wipeHint" : "revokeHint")}</p>
        <label class="field">
          <span>{say("reasonShort")}</span>
          <input name="why" required maxLength={120} pattern=".*\S.*" autofocus />
        </label>
        <Trouble wrong={wrong} />
        <Ends onCancel={given.onClose}>
          <button class={how === "revoke" ? "grave" : "main"}>{say(how)}</button>
        </Ends>
      </form>
    </Dialog>
  );
}

type Made = Said<"EnrolmentCode"> & { name: string };

/** A code: for whom, under which name; then its picture, until a phone has taken it or its time is over. */
function Making(given: Whose & { onEnrolled: (name: string) => void; onClose: () => void }): JSX.Element {
  const { person, own = false } = given;
  const [made, setMade] = useState<Made | null>(null);
  const again = useAgain();
  const make = async (name: string, password: string): Promise<void> => {
    const whom = person === null ? { shared: true } : own ? {} : { person };
    const told = await post<Said<"EnrolmentCode">>("/api/v1/devices/codes", { name, ...whom, ...(password && { password }) });
    setMade({ ...told, name });
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const password = String(form.get("password") ?? "");
    again.tried(password, make(String(form.get("name")).trim(), password));
  };
  return (
    <Dialog title={say(person === null ? "enrolShared" : "enrol")} onClose={given.onClose}>
      {made ? (
        <Shown made={made} onEnrolled={given.onEnrolled} onAgain={() => setMade(null)} onClose={given.onClose} />
      ) : (
        <form onSubmit={submit}>
          <label class="field">
            <span>{say("deviceName")}</span>
            <input name="name" required maxLength={80} pattern=".*\S.*" autocomplete="off" autofocus />
          </label>
          <PasswordAgain of={again} />
          <Ends onCancel={given.onClose}>
            <button class="main">{say("makeCode")}</button>
          </Ends>
        </form>
      )}
    </Dialog>
  );
}

function Shown(given: { made: Made; onEnrolled: (name: string) => void; onAgain: () => void; onClose: () => void }): JSX.Element {
  const { made, onEnrolled } = given;
  // This clock may be wrong: a code is never good for longer than ten minutes from now.
  const [ends] = useState(() => Math.min(Date.parse(made.expires_at), Date.now() + CODE_MS));
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1_000);
    const looking = setInterval(() => {
      const told = get<Said<"CodeState">>(`/api/v1/devices/codes/${made.id}`);
      told.then(({ device }) => device && onEnrolled(made.name), () => undefined); // looked for again in a moment
    }, LOOK_MS);
    return () => (clearInterval(ticking), clearInterval(looking));
  }, [made]);
  const left = Math.max(0, Math.round((ends - now) / 1_000));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return (
    <div class="enrolling">
      {left ? (
        <>
          <Qr text={made.link} label={say("enrolQr")} />
          <p role="timer">{say("codeLeft", { clock })}</p>
          <p class="muted">{say("enrolHint")}</p>
          <dl>
            <Fact name={say("enrolCode")}>
              <code class="secret">{made.code}</code>
            </Fact>
          </dl>
        </>
      ) : (
        <p role="alert">{say("codeOver")}</p>
      )}
      <div class="menu">
        <button type="button" onClick={given.onClose}>
          {say("close")}
        </button>
        {!left && (
          <button type="button" class="main" onClick={given.onAgain}>
            {say("makeCode")}
          </button>
        )}
      </div>
    </div>
  );
}
