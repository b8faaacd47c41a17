/** The frame: the door, the rooms, the keys that work everywhere. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Door } from "./door.tsx";
import { me, signOut } from "./house.ts";
import { useKeys, working } from "./keys.ts";
import { Dialog, Language } from "./marks.tsx";
import { parts, route } from "./route.ts";
import { Checklists } from "./screens/checklists.tsx";
import { Inbox } from "./screens/inbox.tsx";
import { District } from "./screens/map.tsx";
import { Measures } from "./screens/measures.tsx";
import { Notices } from "./screens/notices.tsx";
import { People } from "./screens/people.tsx";
import { Plans } from "./screens/plans.tsx";
import { Projects } from "./screens/projects.tsx";
import { Register } from "./screens/register.tsx";
import { Work } from "./screens/work.tsx";
import { language, say, type Word } from "./words.ts";

interface Room {
  at: string;
  name: Word;
  show: (rest: string[]) => JSX.Element;
}

const ROOMS: readonly Room[] = [
  { at: "", name: "queueShort", show: () => <Work id={null} /> },
  { at: "inbox", name: "inboxShort", show: ([dossier, record]) => <Inbox dossier={dossier} record={record} /> },
  { at: "notices", name: "noticesShort", show: ([dossier, id]) => <Notices dossier={dossier} id={id} /> },
  { at: "plans", name: "plansShort", show: () => <Plans /> },
  { at: "measures", name: "measuresShort", show: () => <Measures /> },
  { at: "map", name: "mapShort", show: () => <District /> },
  { at: "checklists", name: "checklistsShort", show: ([id, act]) => <Checklists id={id} act={act} /> },
  { at: "register", name: "registerShort", show: ([code]) => <Register code={code} /> },
  { at: "projects", name: "projectsShort", show: ([dossier]) => <Projects dossier={dossier} /> },
  { at: "people", name: "peopleShort", show: ([id]) => <People id={id} /> },
];

const LAW_KEEPERS = ["administrator", "self"];
/** Who only keeps the house's rules has no business data to look at. */
const rooms = (): readonly Room[] =>
  me()?.posts.every((post) => LAW_KEEPERS.includes(post.role)) ? ROOMS.filter((one) => ["checklists", "register", "people"].includes(one.at)) : ROOMS;

const asking = signal(false);

export function App(): JSX.Element {
  const [first = "", ...rest] = parts(route.value);
  const person = me();
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.title = `${say("product")} · ${say("desk")}`;
  }, [language.value]);
  // On a narrow page the rooms are a strip: the one that is open is on the screen.
  useEffect(() => document.querySelector("#rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [first, person]);
  if (!person) return <Door />;
  const at = first === "issue" ? "" : first;
  const room = rooms().find((one) => one.at === at) ?? rooms()[0];
  return (
    <>
      <Keys />
      <header id="top">
        <img src="/desk/mark.svg" alt="" width="28" height="28" />
        <h1>
          {say("product")} <small>{say("desk")}</small>
        </h1>
        <nav id="rooms" aria-label={say("rooms")}>
          {rooms().map((one) => (
            <a key={one.at} href={`#/${one.at}`} aria-current={one === room ? "page" : undefined}>
              {say(one.name)}
            </a>
          ))}
        </nav>
        <span id="me" title={person.title}>
          {person.name}
        </span>
        <button type="button" class="quiet keys" onClick={() => (asking.value = true)} aria-label={say("keys")}>
          <kbd>?</kbd>
        </button>
        <Language />
        <button type="button" class="quiet" onClick={signOut}>
          {say("signOut")}
        </button>
      </header>
      {first === "issue" && room?.at === "" ? <Work id={rest[0] ?? null} /> : room?.show(rest)}
    </>
  );
}

/** `?` and a digit for each room work wherever nobody types. */
function Keys(): JSX.Element | null {
  useKeys([
    { keys: ["?"], does: "keys", act: () => (asking.value = true) },
    {
      keys: rooms().map((_, index) => String((index + 1) % 10)),
      does: "keyRooms",
      act: ({ key }) => void (location.hash = `#/${rooms()[(Number(key) || 10) - 1]?.at ?? ""}`),
    },
  ]);
  if (!asking.value) return null;
  return (
    <Dialog title={say("keys")} onClose={() => (asking.value = false)}>
      <dl class="keylist">
        {working().map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.length > 2 ? <kbd>{`${keys[0]} – ${keys.at(-1)}`}</kbd> : keys.map((key) => <kbd key={key}>{named(key)}</kbd>)}
            </dt>
            <dd>{say(does)}</dd>
          </div>
        ))}
      </dl>
      <div class="menu">
        <button type="button" class="main" autofocus onClick={() => (asking.value = false)}>
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}

const named = (key: string): string => ({ ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" })[key] ?? key;
