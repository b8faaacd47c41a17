/** The items of one form, each on a line of fields: what is asked, for how many marks, under which condition. */

import type { JSX } from "preact";

import { blankItem, cleared, type Form, formSums, type Item, moved } from "../checklist.ts";
import { codes, say, word } from "../words.ts";

interface Editing {
  form: Form;
  put: (form: Form) => void;
}

export const text = (event: { currentTarget: { value: string } }): string => event.currentTarget.value;
export const number = (event: { currentTarget: { value: string } }): number | undefined =>
  event.currentTarget.value === "" ? undefined : Math.trunc(Number(event.currentTarget.value));

/** A part that is emptied is taken away: what was cleared was never said. */
export const set = <T extends object>(value: T, more: { [K in keyof T]?: T[K] | undefined }): T =>
  cleared({ ...value, ...more }) as T;

export function Items({ form, put }: Editing): JSX.Element {
  const sums = formSums(form);
  const items = (after: Item[]): void => put({ ...form, items: after });
  const change = (at: number, item: Item): void => items(form.items.with(at, { ...item, code: item.code ?? "", title: item.title ?? "" }));
  return (
    <>
      <p class="sums" role="status">
        {say("sums", { guarantee: sums.guarantee, general: sums.general, all: sums.all })}
      </p>
      <ol class="edit-items">
        {form.items.map((item, at) => (
          <ItemLine
            key={at}
            item={item}
            earlier={form.items.slice(0, at)}
            onPut={(after) => change(at, after)}
            onMove={(by) => items(moved(form.items, at, by))}
            onDrop={form.items.length > 1 ? () => items(form.items.toSpliced(at, 1)) : undefined}
          />
        ))}
      </ol>
      <button type="button" onClick={() => items([...form.items, blankItem(nextCode(form))])}>
        {say("addItem")}
      </button>
    </>
  );
}

/** `B.13.9` → `B.13.10`: the last number in the last code and one. */
function nextCode(form: Form): string {
  const last = form.items.at(-1)?.code ?? "0";
  return last.replace(/(\d+)$/, (n) => String(Number(n) + 1));
}

interface Line {
  item: Item;
  earlier: readonly Item[];
  onPut: (item: Item) => void;
  onMove: (by: -1 | 1) => void;
  onDrop: (() => void) | undefined;
}

function ItemLine({ item, earlier, onPut, onMove, onDrop }: Line): JSX.Element {
  const { measurement, condition } = item;
  return (
    <li>
      <div class="fields">
        <Labelled name={say("itemCode")} narrow>
          <input value={item.code} maxLength={40} onInput={(event) => onPut({ ...item, code: text(event) })} />
        </Labelled>
        <Labelled name={say("itemTitle")}>
          <input value={item.title} maxLength={120} onInput={(event) => onPut({ ...item, title: text(event) })} />
        </Labelled>
        <Labelled name={say("itemGroup")} narrow>
          <select value={item.group ?? ""} onChange={(event) => onPut(set(item, { group: (text(event) || undefined) as Item["group"] }))}>
            <option value="">—</option>
            {codes("itemGroup").map((code) => (
              <option key={code} value={code}>
                {word("itemGroup", code)}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled name={say("itemMarks")} narrow>
          <input type="number" min={0} max={100} value={item.marks ?? ""} onInput={(event) => onPut(set(item, { marks: number(event) }))} />
        </Labelled>
        <span class="moves">
          <button type="button" aria-label={`${say("moveUp")} ${item.code}`} onClick={() => onMove(-1)}>
            ↑
          </button>
          <button type="button" aria-label={`${say("moveDown")} ${item.code}`} onClick={() => onMove(1)}>
            ↓
          </button>
          {onDrop && (
            <button type="button" aria-label={`${say("takeOut")} ${item.code}`} onClick={onDrop}>
              ×
            </button>
          )}
        </span>
      </div>
      <div class="fields">
        <label class="tick">
          <input
            type="checkbox"
            checked={item.photo_required ?? false}
            onChange={(event) => onPut(set(item, { photo_required: event.currentTarget.checked || undefined }))}
          />
          <span>{say("photoAsked")}</span>
        </label>
        <label class="tick">
          <input
            type="checkbox"
            checked={Boolean(measurement)}
            onChange={(event) => onPut(set(item, { measurement: event.currentTarget.checked ? { unit: "mm", decimals: 0 } : undefined }))}
          />
          <span>{say("measured")}</span>
        </label>
        {measurement && <Measured of={measurement} onPut={(after) => onPut({ ...item, measurement: after })} />}
        {earlier.length > 0 && (
          <Labelled name={say("askedIf")}>
            <select
              value={condition?.item ?? ""}
              onChange={(event) =>
                onPut(set(item, { condition: text(event) ? { item: text(event), result: condition?.result ?? "ok" } : undefined }))
              }
            >
              <option value="">{say("always")}</option>
              {earlier.map((one) => (
                <option key={one.code} value={one.code}>
                  {one.code} {one.title}
                </option>
              ))}
              {condition && !earlier.some((one) => one.code === condition.item) && <option value={condition.item}>{condition.item}</option>}
            </select>
          </Labelled>
        )}
        {condition && (
          <Labelled name={say("hasResult")} narrow>
            <select
              value={condition.result}
              onChange={(event) => onPut({ ...item, condition: { ...condition, result: text(event) as typeof condition.result } })}
            >
              {codes("result").map((code) => (
                <option key={code} value={code}>
                  {word("result", code)}
                </option>
              ))}
            </select>
          </Labelled>
        )}
      </div>
    </li>
  );
}

type Measurement = NonNullable<Item["measurement"]>;

const Measured = ({ of, onPut }: { of: Measurement; onPut: (after: Measurement) => void }): JSX.Element => (
  <>
    <Labelled name={say("unit")} narrow>
      <input value={of.unit} maxLength={16} onInput={(event) => onPut({ ...of, unit: text(event) })} />
    </Labelled>
    <Labelled name={say("decimals")} narrow>
      <input type="number" min={0} max={6} value={of.decimals} onInput={(event) => onPut({ ...of, decimals: number(event) ?? 0 })} />
    </Labelled>
    <Labelled name={say("least")} narrow>
      <input inputMode="decimal" value={of.least ?? ""} onInput={(event) => onPut(set(of, { least: text(event).trim() || undefined, decimals: of.decimals }))} />
    </Labelled>
    <Labelled name={say("most")} narrow>
      <input inputMode="decimal" value={of.most ?? ""} onInput={(event) => onPut(set(of, { most: text(event).trim() || undefined, decimals: of.decimals }))} />
    </Labelled>
  </>
);

export const Labelled = ({ name, narrow, children }: { name: string; narrow?: boolean; children: JSX.Element }): JSX.Element => (
  <label class={narrow ? "field narrow" : "field"}>
    <span>{name}</span>
    {children}
  </label>
);
