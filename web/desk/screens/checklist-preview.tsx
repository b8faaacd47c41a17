/** A form as the inspector's phone asks it: press an answer, and what hangs on it appears, and the score follows. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type Given, isAsked, RESULTS, type Result, score } from "../../sync/score.ts";
import type { Form, Item, Section } from "../checklist.ts";
import { say, word } from "../words.ts";

type Answers = Map<string, { result: Result; deduct: number | null }>;
const ORDER = [...RESULTS].sort((a, b) => Number(a === "na") - Number(b === "na"));

export function Preview({ section, form }: { section: Section; form: Form }): JSX.Element {
  const [said, setSaid] = useState<Answers>(new Map());
  const asked = form.items.filter((item) => isAsked(item, said));
  const given: Given[] = asked.flatMap(({ code }) => {
    const answer = said.get(code);
    return answer ? [{ form: form.code, instance: "", item: code, ...answer }] : [];
  });
  const [scored] = score(given, [{ ...section, forms: [form] }]).forms;
  const put = (item: Item, result: Result, deduct: number | null): void => setSaid(new Map(said).set(item.code, { result, deduct }));
  return (
    <div class="as-phone" role="region" aria-label={say("previewName")}>
      <p class="line">
        <strong>
          {form.code} {form.title}
        </strong>
        <output>{scored?.score ?? "—"}</output>
      </p>
      {form.repeats && <p class="muted">{say("askedForEach")}</p>}
      {asked.map((item, at) => {
        const answer = said.get(item.code);
        const marks = item.marks ?? 0;
        return (
          <div key={item.code} class="asked">
            {item.group && item.group !== asked[at - 1]?.group && <h4>{word("itemGroup", item.group)}</h4>}
            <p>
              <b>{item.title || "…"}</b> {marks > 0 && <small>{say("marks", { n: marks })}</small>}
            </p>
            <div class="answers" role="group" aria-label={item.title}>
              {ORDER.map((result) => (
                <button
                  type="button"
                  key={result}
                  aria-pressed={answer?.result === result}
                  onClick={() => put(item, result, result === "fault" && marks ? Math.min(marks, 2) : null)}
                >
                  {word("result", result)}
                </button>
              ))}
            </div>
            {answer?.result === "fault" && marks > 0 && (
              <label class="line">
                <span>{say("deduct")}</span>
                <input
                  type="number"
                  min={1}
                  max={marks}
                  value={answer.deduct ?? 1}
                  onInput={(event) => put(item, "fault", Math.min(marks, Math.max(1, event.currentTarget.valueAsNumber || 1)))}
                />
              </label>
            )}
            {answer && answer.result !== "na" && item.measurement && (
              <label class="line">
                <span>
                  {say("measured")} ({item.measurement.unit})
                </span>
                <input inputMode="decimal" placeholder={[item.measurement.least, item.measurement.most].map((one) => one ?? "…").join(" – ")} />
              </label>
            )}
            {item.photo_required && <small class="muted">{say("photoAsked")}</small>}
          </div>
        );
      })}
      {scored?.zero && <p class="notice wrong">{say("guaranteeZero")}</p>}
    </div>
  );
}
