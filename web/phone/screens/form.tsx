/** 检查表: item by item, three large answers each; every touch is saved. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { sets } from "../../sync/change.ts";
import { answerId } from "../../sync/ids.ts";
import { ALL_ITEMS, type Given, isAsked, type Item, type Result, RESULTS, score } from "../../sync/score.ts";
import { recordInView } from "../../sync/view.ts";
import { followPosition, take } from "../camera.ts";
import { saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { Empty, Icon, Picture } from "../marks.tsx";
import { TakePhoto, Words } from "../parts.tsx";
import { formOf, type Sheet, sheet } from "../reading.ts";
import { say, word } from "../words.ts";

interface Where {
  dossier: string;
  record: string;
  form: string;
  instance: string;
}

type Known = Sheet["answers"][number] | undefined;

export function Form({ dossier, record, form: code, instance }: Where): JSX.Element {
  useEffect(followPosition, []);
  const told = useLive(() => sheet(dossier, record), [dossier, record]);
  if (told === undefined) return <main />;
  const form = told && formOf(told.sections, code);
  if (!told || !form)
    return (
      <main>
        <Empty title={say("gone")} />
      </main>
    );
  const where = { dossier, record, form: code, instance };
  const given = told.answers.filter((one) => one.form === code && one.instance === instance);
  const said = new Map<string, Given>(given.map((one) => [one.item, one]));
  const result = score(told.answers, told.sections, told.grading).forms.find(
    (one) => one.code === code && one.instance === instance,
  );
  const closed = told.inspection.body.state !== "draft";
  const asked = form.items.filter((item) => isAsked(item, said));
  const denied = said.get(ALL_ITEMS)?.result === "na";
  const put = (item: string, values: Partial<Given>): void => void answer(told, where, item, values).catch(tell);
  return (
    <main class="form">
      <header class="lead">
        <h1>
          {form.title}
          {instance && ` · ${instance}`}
        </h1>
        <p class="total">
          <span>
            {say("answered", { n: given.filter((one) => one.item !== ALL_ITEMS).length, of: form.items.length })}
          </span>
          <strong class={result?.zero ? "late" : ""}>{result?.score ?? "—"}</strong>
        </p>
      </header>
      <button
        type="button"
        class="chip"
        aria-pressed={denied}
        disabled={closed}
        onClick={() => put(ALL_ITEMS, { result: denied ? "ok" : "na" })}
      >
        {say("formNa")}
      </button>
      {asked.map((item, at) => (
        <div key={item.code}>
          {item.group && item.group !== asked[at - 1]?.group && <h2>{say(item.group)}</h2>}
          <ItemCard
            item={item}
            known={given.find((one) => one.item === item.code)}
            told={told}
            closed={closed}
            onPut={(values) => put(item.code, values)}
          />
        </div>
      ))}
    </main>
  );
}

interface Asking {
  item: Item;
  known: Known;
  told: Sheet;
  closed: boolean;
  onPut: (values: Partial<Given> & { note?: string | null }) => void;
}

function ItemCard({ item, known, told, closed, onPut }: Asking): JSX.Element {
  const [note, setNote] = useState<string | null>(null);
  const marks = item.marks ?? 0;
  const photos = known ? (told.photos.get(known.record) ?? []) : [];
  const choose = (result: Result): void =>
    onPut({ result, ...(marks && { deduct: result === "fault" ? (known?.deduct ?? Math.min(marks, 2)) : null }) });
  const add = async (file: File): Promise<void> => {
    if (!known) return;
    const { dossier } = told.inspection;
    await saving(async (replica) => {
      const { shot, bytes, preview } = await take(replica, file);
      await replica.together(async () => {
        await replica.db.bytes.put({ photo: shot.photo, bytes });
        if (preview) await replica.db.previews.put({ photo: shot.photo, bytes: preview });
        await replica.attach(dossier, known.record, shot, sets({ caption: item.title }));
      });
    });
  };
  return (
    <article class={`item ${known?.result ?? "open"}`}>
      <p class="asked">
        <b>{item.title}</b>
        {marks > 0 && <small>{say("marks", { n: marks })}</small>}
      </p>
      <div class="options result" role="group" aria-label={item.title}>
        {[...RESULTS]
          .sort((a, b) => Number(a === "na") - Number(b === "na"))
          .map((result) => (
            <button
              type="button"
              key={result}
              disabled={closed}
              class={`option ${result} ${known?.result === result ? "chosen" : ""}`}
              aria-pressed={known?.result === result}
              onClick={() => choose(result)}
            >
              {word("result", result)}
            </button>
          ))}
      </div>
      {known && known.result !== "na" && (
        <div class="details">
          {known.result === "fault" && marks > 0 && (
            <Deduct
              marks={marks}
              value={known.deduct ?? 0}
              closed={closed}
              onPut={(deduct) => onPut({ result: "fault", deduct })}
            />
          )}
          {item.measurement && (
            <Words
              label={`${say("measurement")} (${item.measurement.unit})`}
              value={known.measurement ?? ""}
              most={16}
              onSay={(measured) =>
                /^-?\d{1,9}(\.\d{1,6})?$/.test(measured) &&
                onPut({ result: known.result, measurement: measured, ...({ unit: item.measurement?.unit } as object) })
              }
            />
          )}
          {(known.result === "fault" || known.note) && (
            <Words
              label={say("itemNote")}
              value={note ?? known.note}
              rows={2}
              most={2000}
              onSay={(text) => {
                setNote(text);
                onPut({ result: known.result, note: text || null });
              }}
            />
          )}
          <div class="strip small">
            {photos.map((photo) => (
              <span class="thumb" key={photo.record}>
                <Picture photo={photo.record} dossier={photo.dossier} alt={item.title} />
              </span>
            ))}
            {!closed && (
              <TakePhoto
                label={`${say("addPhoto")} ${item.title}`}
                onTake={(file) => void add(file).catch(tell)}
                class="tile"
              >
                <Icon name="camera" />
              </TakePhoto>
            )}
          </div>
        </div>
      )}
    </article>
  );
}

function Deduct({
  marks,
  value,
  closed,
  onPut,
}: {
  marks: number;
  value: number;
  closed: boolean;
  onPut: (deduct: number) => void;
}): JSX.Element {
  return (
    <p class="stepper">
      <span>{say("deduct")}</span>
      <button
        type="button"
        disabled={closed || value <= 1}
        aria-label={`${say("deduct")} −`}
        onClick={() => onPut(value - 1)}
      >
        −
      </button>
      <output>{value}</output>
      <button
        type="button"
        disabled={closed || value >= marks}
        aria-label={`${say("deduct")} +`}
        onClick={() => onPut(value + 1)}
      >
        +
      </button>
    </p>
  );
}

/** Answer an item: edit the record where it is in view, else make it under the id that both phones derive. */
async function answer(
  told: Sheet,
  where: Where,
  item: string,
  values: Partial<Given> & { note?: string | null },
): Promise<void> {
  const { dossier, record, form, instance } = where;
  const id = await answerId(record, form, instance, item);
  const said = sets(values as Record<string, string | number | null>);
  await saving(async (replica) => {
    if (await recordInView(replica.db, dossier, id)) return replica.update(dossier, id, said);
    const about = sets({ inspection: record, form, instance, item, template: told.template?.record });
    return replica.create(dossier, "answer", { ...about, ...said }, { record: id, audience: told.inspection.audience });
  });
}
