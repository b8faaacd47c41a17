/** 签名: who was there signs with a finger, or would not, and then a witness says so. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Drawn, Pad } from "../../drawing/pad.tsx";
import { joined } from "../../drawing/strokes.ts";
import { sets } from "../../sync/change.ts";
import { look, type Seen } from "../../sync/view.ts";
import { take } from "../camera.ts";
import { atWork, saving } from "../house.ts";
import { tell, useLive } from "../live.ts";
import { Icon, moment, Section } from "../marks.tsx";
import { Choice, Dialog, Words } from "../parts.tsx";
import { picture } from "../picture.ts";
import { text } from "../reading.ts";
import { announce } from "../toast.ts";
import { codes, say, word } from "../words.ts";

const [WIDE, HIGH] = [600, 240]; // units of the pad
const PEN = 4;

export function Signatures({ inspection, closed }: { inspection: Seen; closed: boolean }): JSX.Element {
  const { dossier, record } = inspection;
  const [signing, setSigning] = useState(false);
  const given = useLive(
    async () =>
      [...(await look(atWork().replica.db, { dossier, kind: "signature" })).values()]
        .filter(({ body }) => body.inspection === record)
        .sort((a, b) => (text(a.body, "signed_at") < text(b.body, "signed_at") ? -1 : 1)),
    [dossier, record],
  );
  return (
    <Section title={say("signatures")}>
      <ul class="cards">
        {given?.map((one) => (
          <li class="card" key={one.record}>
            <b>
              {text(one.body, "name")} <small>{word("party", text(one.body, "party"))}</small>
            </b>
            {one.body.strokes && (
              <Drawn width={WIDE} height={HIGH} of={text(one.body, "strokes")} label={text(one.body, "name")} />
            )}
            <small>
              {word("mode", text(one.body, "mode"))} · {moment(text(one.body, "signed_at"))}
            </small>
            {text(one.body, "note") && <small>{text(one.body, "note")}</small>}
          </li>
        ))}
      </ul>
      {!closed && (
        <button type="button" onClick={() => setSigning(true)}>
          <Icon name="pen" />
          {say("sign")}
        </button>
      )}
      {signing && <Signing inspection={inspection} onClose={() => setSigning(false)} />}
    </Section>
  );
}

function Signing({ inspection, onClose }: { inspection: Seen; onClose: () => void }): JSX.Element {
  const [values, setValues] = useState<Record<string, string>>({ party: "inspected", mode: "signed" });
  const [strokes, setStrokes] = useState<string[]>([]);
  const [fault, setFault] = useState<string | null>(null);
  const put = (name: string) => (value: string) => setValues({ ...values, [name]: value });
  const signed = values.mode === "signed";
  const save = async (): Promise<void> => {
    if (!values.name?.trim()) return setFault(say("nameNeeded"));
    if (signed && !strokes.length) return setFault(say("strokesNeeded"));
    if (!signed && !values.note?.trim()) return setFault(say("witnessNeeded"));
    await keep(inspection, values, signed ? joined(strokes) : null);
    announce(say("saved"));
    onClose();
  };
  return (
    <Dialog title={say("sign")} onClose={onClose}>
      <Choice
        name="party"
        table="party"
        of={codes("party")}
        value={values.party}
        label={say("party")}
        onChoose={put("party")}
      />
      <Words label={say("personName")} value={values.name ?? ""} most={80} onSay={put("name")} />
      <Words label={say("post")} value={values.post ?? ""} most={80} onSay={put("post")} />
      <Choice
        name="mode"
        table="mode"
        of={codes("mode")}
        value={values.mode}
        label={say("mode")}
        onChoose={put("mode")}
      />
      {signed && (
        <>
          <Pad label={say("signHere")} width={WIDE} height={HIGH} drawn={strokes} onDraw={setStrokes} />
          <button type="button" class="quiet" disabled={!strokes.length} onClick={() => setStrokes([])}>
            {say("signAgain")}
          </button>
        </>
      )}
      <Words
        label={signed ? say("noteOptional") : say("witnessNote")}
        value={values.note ?? ""}
        rows={2}
        most={1000}
        onSay={put("note")}
      />
      {fault && (
        <p class="notice wrong" role="alert">
          {fault}
        </p>
      )}
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="button" class="main" onClick={() => void save().catch(tell)}>
          {say("save")}
        </button>
      </div>
    </Dialog>
  );
}

/** The signature, its strokes as data and its picture as a photograph of it, together or not at all. */
async function keep(inspection: Seen, values: Record<string, string>, strokes: string | null): Promise<void> {
  const { dossier, record: visit, audience } = inspection;
  await saving(async (replica) => {
    const file = strokes && new File([await picture(strokes, WIDE, HIGH, PEN)], "signature.png", { type: "image/png" });
    const taken = file ? await take(replica, file) : null;
    await replica.together(async () => {
      const { party, name = "", post, mode, note } = values;
      const who = { party, name: name.trim(), post: post?.trim() || undefined };
      const what = { mode, strokes: strokes ?? undefined, note: note?.trim() || undefined };
      const shown = { photo: taken?.shot.photo, signed_at: replica.stamp() };
      const said = sets({ inspection: visit, ...who, ...what, ...shown });
      const signature = await replica.create(dossier, "signature", said, { audience });
      if (!taken) return;
      const { shot, bytes, preview } = taken;
      await replica.db.bytes.put({ photo: shot.photo, bytes });
      if (preview) await replica.db.previews.put({ photo: shot.photo, bytes: preview });
      await replica.attach(dossier, signature, shot, {}, audience);
    });
  });
}
