/** Parts with a will of their own: choices, the windowed list, the dialog. */

import type { ComponentChildren, JSX, TargetedEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { hasCamera, sought } from "./lens.ts";
import { say, type TableName, word } from "./words.ts";

interface Choosing {
  name: string;
  table: TableName;
  of: string[];
  value: string | undefined;
  onChoose: (code: string) => void;
  label: string;
  onMore?: () => void;
}

/** One of a few, each a target for a gloved thumb. */
export function Choice({ name, table, of, value, onChoose, label, onMore }: Choosing): JSX.Element {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class={`options ${name}`}>
        {of.map((code) => (
          <label class={`option ${code} ${value === code ? "chosen" : ""}`} key={code}>
            <input type="radio" name={name} value={code} checked={value === code} onChange={() => onChoose(code)} />
            <span>{word(table, code)}</span>
          </label>
        ))}
        {onMore && (
          <button type="button" class="option quiet" onClick={onMore}>
            {say("moreFields")}
          </button>
        )}
      </div>
    </fieldset>
  );
}

interface Windowed<T> {
  items: T[];
  /** Height of one row in px; every row has it. */
  height: number;
  keyOf: (item: T) => string;
  row: (item: T) => JSX.Element;
}

const MARGIN_ROWS = 6;

/** A long list of which only what can be seen exists: 5,000 rows scroll like fifty. */
export function WindowedList<T>({ items, height, keyOf, row }: Windowed<T>): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const [span, setSpan] = useState<[number, number]>([0, 20]);
  useLayoutEffect(() => {
    const look = (): void => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.floor(-top / height) - MARGIN_ROWS);
      const to = Math.ceil((innerHeight - top) / height) + MARGIN_ROWS;
      setSpan((was) => (was[0] === from && was[1] === to ? was : [from, to]));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [height, items.length]);
  const [from, to] = [Math.min(span[0], items.length), Math.min(span[1], items.length)];
  // Heights by attributes of SVG: the policy allows no inline style.
  return (
    <ol class="rows" ref={list}>
      <Gap height={from * height} />
      {items.slice(from, to).map((item) => (
        <li key={keyOf(item)}>{row(item)}</li>
      ))}
      <Gap height={(items.length - to) * height} />
    </ol>
  );
}

const Gap = ({ height }: { height: number }): JSX.Element | null =>
  height > 0 ? (
    <li aria-hidden="true" class="gap">
      <svg width="1" height={height} />
    </li>
  ) : null;

interface Asking {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A question over the page; Escape and the ground behind it close it. */
export function Dialog({ title, onClose, children }: Asking): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const outside = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} onClose={onClose} onClick={outside} aria-label={title}>
      <div class="sheet">
        {/* The title takes the focus: on a field, the keyboard would cover what is asked. */}
        <h2 tabIndex={-1} autofocus>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}

interface Camera {
  label: string;
  onTake: (file: File) => void;
  /** The person reaches for the camera; and puts it away without a picture. */
  onOpen?: () => void;
  onCancel?: () => void;
  camera?: boolean;
  /** The phone's own camera, also where the page has a viewfinder. */
  own?: boolean;
  children: ComponentChildren;
  class?: string;
}

/** A photograph: through the viewfinder where there is one, else by the phone's own camera; or out of its album. */
export function TakePhoto({
  label,
  onTake,
  onOpen,
  onCancel,
  camera = true,
  own = false,
  children,
  class: look = "",
}: Camera): JSX.Element {
  if (camera && !own && hasCamera.value) {
    const open = (): void => {
      onOpen?.();
      sought.value = { name: `IMG_${Date.now()}`, onTake, onCancel };
    };
    return (
      <button type="button" class={`take ${look}`} aria-label={label} onClick={open}>
        {children}
      </button>
    );
  }
  const taken = (event: TargetedEvent<HTMLInputElement>): void => {
    const [file] = event.currentTarget.files ?? [];
    event.currentTarget.value = ""; // the same picture may be taken again
    if (file) onTake(file);
  };
  return (
    <label class={`take ${look}`} title={label}>
      <input
        type="file"
        accept="image/*"
        {...(camera && { capture: "environment" })}
        onClick={onOpen}
        onChange={taken}
        onCancel={onCancel}
        aria-label={label}
      />
      {children}
    </label>
  );
}

/** A text that is kept with each letter; the cursor stays where it is. */
export function Words({
  label,
  value,
  onSay,
  rows = 1,
  hint,
  most = 4000,
}: {
  label: string;
  value: string;
  onSay: (text: string) => void;
  rows?: number;
  hint?: string;
  most?: number;
}): JSX.Element {
  const said = (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>): void => onSay(event.currentTarget.value);
  return (
    <label class="field">
      <span>{label}</span>
      {rows > 1 ? (
        <textarea rows={rows} maxLength={most} value={value} placeholder={hint} onInput={said} />
      ) : (
        <input maxLength={most} value={value} placeholder={hint} onInput={said} />
      )}
    </label>
  );
}

/** Before something that is not undone. */
export const Confirm = ({
  title,
  yes,
  onYes,
  onClose,
  children,
}: Asking & { yes: string; onYes: () => void }): JSX.Element => (
  <Dialog title={title} onClose={onClose}>
    {children}
    <div class="menu">
      <button type="button" onClick={onClose}>
        {say("cancel")}
      </button>
      <button type="button" class="main grave" onClick={onYes}>
        {yes}
      </button>
    </div>
  </Dialog>
);
