/** A page's writes, and questions that keep what was typed until the house has taken it. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Outcome } from "./changes.ts";
import { Problem } from "./house.ts";
import { Dialog, Ends, Trouble, Verdict } from "./marks.tsx";
import { say } from "./words.ts";

/** `begun`: something before it was taken, so that asking again would do that twice. */
type Ended = Outcome & { begun?: boolean };

/** Made ready at a press: sending it again sends the same. */
export interface Write {
  readonly what: string;
  readonly send: () => Promise<Ended>;
}

export interface Sent extends Write {
  readonly outcome?: Ended;
  readonly wrong?: unknown;
}

const QUICK_MS = 500;
const NOT_TAKEN = ["invalid", "retry"]; // every other outcome is kept in the house, if only for a reviewer

async function attempt(write: Write): Promise<Sent> {
  try {
    return { ...write, outcome: await write.send() };
  } catch (wrong) {
    return { ...write, wrong };
  }
}

export interface Writes {
  last: Sent | null;
  /** A write without a question. */
  send: (write: Write) => Promise<void>;
  /** How one ended that a question sent. */
  ended: (sent: Sent) => void;
}

export function useWrites(onDone: () => void): Writes {
  const [last, setLast] = useState<Sent | null>(null);
  const ended = (sent: Sent): void => {
    setLast(sent);
    if (sent.outcome) onDone();
  };
  const send = async (write: Write): Promise<void> => {
    setLast(write);
    ended(await attempt(write));
  };
  return { last, send, ended };
}

/** What became of a write, in words; `again` is offered where nobody knows whether it arrived. */
export function Became({ of, again }: { of: Sent | null; again: (write: Write) => Promise<void> }): JSX.Element | null {
  if (!of) return null;
  const unsure = of.wrong instanceof Problem && of.wrong.unsure;
  return (
    <>
      {of.outcome && <Verdict outcome={of.outcome} what={of.what} />}
      <Trouble wrong={of.wrong} again={() => void again({ what: of.what, send: of.send })} hint={unsure ? say("sameChange") : ""} />
    </>
  );
}

interface Filing {
  title: string;
  /** What the press does, in words. */
  does: string;
  /** What is to be sent; a fault in words; null where there is nothing to change. */
  onSay: (form: FormData) => Write | string | null;
  onEnd: (sent: Sent) => void;
  onClose: () => void;
  children: ComponentChildren;
}

/** A question whose answer is a write. It closes when the house has taken it; refused, it stays as it was typed. */
export function Filing({ title, does, onSay, onEnd, onClose, children }: Filing): JSX.Element {
  const [last, setLast] = useState<Sent | null>(null);
  const [fault, setFault] = useState("");
  const [waits, setWaits] = useState(false);
  const going = useRef(false); // at once, for the second of two quick presses
  const pressed = useRef(-QUICK_MS);
  const gone = useRef(false);
  useEffect(() => () => void (gone.current = true), []);
  // The sheet moves when it waits: the second of two quick presses may come down on the ground behind it.
  const close = (): void => {
    if (performance.now() - pressed.current >= QUICK_MS) onClose();
  };
  const wait = (how: boolean): void => setWaits((going.current = how));
  const send = async (write: Write): Promise<void> => {
    wait(true);
    setLast(null);
    const sent = await attempt(write);
    if (gone.current) return onEnd(sent); // closed meanwhile: the page says what became of it
    if (sent.outcome && (sent.outcome.begun || !NOT_TAKEN.includes(sent.outcome.status))) {
      onClose();
      return onEnd(sent);
    }
    wait(false);
    setLast(sent);
  };
  const press = (event: SubmitEvent): void => {
    event.preventDefault();
    if (going.current) return;
    const said = onSay(new FormData(event.currentTarget as HTMLFormElement));
    pressed.current = performance.now();
    setFault(typeof said === "string" ? said : "");
    if (said === null) onClose();
    else if (typeof said !== "string") void send(said);
  };
  return (
    <Dialog title={title} onClose={onClose} onAside={close}>
      <form onSubmit={press}>
        {children}
        {fault && (
          <p class="notice wrong" role="alert">
            {fault}
          </p>
        )}
        <Became of={last} again={send} />
        <Ends onCancel={close}>
          <button class="main" disabled={waits}>
            {waits ? say("working") : does}
          </button>
        </Ends>
      </form>
    </Dialog>
  );
}
