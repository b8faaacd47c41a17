/**
 * A device: keeps its work in IndexedDB, works offline, syncs, resumes after any crash.
 *
 * Three things are kept: the *shadow* (the server's state), the *outbox* (unsettled changes), and the
 * *view* (shadow with the outbox replayed: view.ts). Every answer is taken in one local transaction or
 * not at all. protocol.md §2–§6; sync/replica.py is the same device in Python.
 */

import type { Answer, Offer, WipeOrder } from "./answers.ts";
import { canonical, type Value } from "./canonical.ts";
import { type Base, type Change, type Fields, foldable, folded } from "./change.ts";
import { measured, Running } from "./clocks.ts";
import { uuid7 } from "./ids.ts";
import { KINDS, SCHEMA } from "./kinds.ts";
import type { DeviceKey } from "./signatures.ts";
import { type DraftRow, type OutboxRow, reopening, type Shot, TAKEN, Tables } from "./tables.ts";
import { rfc3339 } from "./stamp.ts";
import { look, recordInView } from "./view.ts";

const CHANGE_BYTES = 64 * 1024; // protocol.md §7
// Edits further apart than this are two acts: one change tells one moment, and the law asks which.
const SITTING_MS = 10 * 60_000;

// What only an exchange needs comes with the first one: the page opens without it.
const answers = (): Promise<typeof import("./answers.ts")> => import("./answers.ts");
const trust = (): Promise<typeof import("./trust.ts")> => import("./trust.ts");
const requests = (): Promise<typeof import("./requests.ts")> => import("./requests.ts");
const signatures = (): Promise<typeof import("./signatures.ts")> => import("./signatures.ts");

/** The way to a server; throws where there is none just now. */
export interface Line {
  exchange(body: string): Promise<Answer>;
  fetch(url: string): Promise<ArrayBuffer>;
}

export interface Making {
  audience?: string;
  record?: string;
  at?: string;
}

interface Given {
  now?: () => Date;
  newId?: () => string;
  schema?: number;
  signs?: boolean;
  /** The key that this device was enrolled with, which is then the only one that signs here; null for none. */
  enrolled?: () => Promise<DeviceKey | null>;
  running?: Running;
}

export class Replica {
  readonly db: Tables;
  readonly device: string;
  readonly schema: number;
  readonly now: () => Date;
  readonly newId: () => string;
  /** The order that this device stands under, as the last answer said. */
  wipe: WipeOrder | null = null;
  readonly #signs: boolean;
  readonly #enrolled: () => Promise<DeviceKey | null>;
  /** The house knows nothing of devices' keys, or takes none from here: what is done goes unsigned, but goes. */
  #unasked = false;
  #refusals = 0;
  readonly #running: Running;

  /** `name` is the database's: one a person, so that a shared tablet keeps everybody's work apart. */
  constructor(name: string, device: string, given: Given = {}) {
    this.#enrolled = given.enrolled ?? (async () => null);
    this.#signs = given.signs ?? false;
    this.#running = given.running ?? new Running();
    this.db = new Tables(name);
    this.device = device;
    this.schema = given.schema ?? SCHEMA;
    this.now = given.now ?? (() => new Date());
    this.newId = given.newId ?? uuid7;
  }

  close(): void {
    this.db.close();
  }

  /** One local transaction: what is saved inside is saved together or not at all. */
  together<T>(work: () => Promise<T>): Promise<T> {
    // Dexie follows native awaits only out of what it sees to be an async function.
    return reopening(this.db, () => this.db.transaction("rw", this.db.tables, async () => work()));
  }

  /** This moment by the phone's clock; the server estimates the true time (protocol.md §6). */
  stamp(): string {
    return rfc3339(this.now());
  }

  // ---------------------------------------------------------------- work

  /** Save a new record; returns its id. Throws for what the server could never take. */
  async create(dossier: string, kind: string, fields: Fields, making: Making = {}): Promise<string> {
    const record = making.record ?? this.newId();
    const audience = making.audience ?? "field";
    await this.together(() => this.#save(dossier, { op: "create", kind, record, audience, fields }, making.at));
    return record;
  }

  /** Save an edit of a record in view, or its move to an audience. Throws where it is not in view. */
  update(dossier: string, record: string, fields: Fields, audience?: string): Promise<string> {
    return this.together(async () => {
      const { kind } = await this.#inView(dossier, record);
      const said = { op: "update" as const, kind, record, fields, ...(audience && { audience }) };
      return this.#save(dossier, { ...said, base: await this.#base(dossier, record) });
    });
  }

  delete(dossier: string, record: string): Promise<string> {
    return this.together(async () => {
      const { kind } = await this.#inView(dossier, record);
      return this.#save(dossier, { op: "delete", kind, record, base: await this.#base(dossier, record) });
    });
  }

  /**
   * Save the decision on a conflict or parked work in view. It counts for what is on the screen now: if
   * the record moves before it arrives, the question stands.
   */
  decide(dossier: string, question: string, fields: Record<string, Value>, reason: string): Promise<string> {
    return this.together(async () => {
      const { kind, body } = await this.#inView(dossier, question);
      const target = await recordInView(this.db, dossier, String(body.target));
      const base = await this.#base(dossier, question);
      base.version = Math.max(base.version, target?.version ?? 0);
      const said = { op: "resolve" as const, kind, record: question, fields: fields as unknown as Fields };
      return this.#save(dossier, { ...said, reason, base });
    });
  }

  /**
   * A photograph of `subject` or a recording for it, whose bytes `keep` has already put down: record, outbox
   * entry and what is to be sent, together.
   */
  attach(dossier: string, subject: string, shot: Shot, fields: Fields, audience = "field"): Promise<void> {
    const { photo, sha256, size, mime, name } = shot;
    return this.together(async () => {
      if (!(await this.db.bytes.get(photo))) throw new Error(`the bytes of ${photo} are not here`);
      const told = { subject, sha256, size, mime, ...(name && { name }) };
      const named = Object.fromEntries(Object.entries(told).map(([field, set]) => [field, { set }]));
      const said = { ...named, ...shot.fields, ...fields };
      const kind = mime.startsWith("image/") ? "photo" : "attachment";
      await this.#save(dossier, { op: "create", kind, record: photo, audience, fields: said });
      await this.db.media.put({
        photo,
        dossier,
        subject,
        sha256,
        size,
        mime,
        name,
        state: "kept",
        url: null,
        fault: null,
      });
    });
  }

  /** Put a draft down with the bytes of a photograph just taken, in one transaction. */
  keep(draft: DraftRow, taken?: { photo: string; bytes: ArrayBuffer; preview: ArrayBuffer | null }): Promise<void> {
    return this.together(async () => {
      if (taken) await this.db.bytes.put({ photo: taken.photo, bytes: taken.bytes });
      if (taken?.preview) await this.db.previews.put({ photo: taken.photo, bytes: taken.preview });
      await this.db.drafts.put(draft);
    });
  }

  /** Forget a draft and the photographs that only it held. */
  discard(draft: DraftRow): Promise<void> {
    return this.together(async () => {
      for (const { photo } of draft.shots) {
        if (await this.db.media.get(photo)) continue;
        await this.db.bytes.delete(photo);
        await this.db.previews.delete(photo);
      }
      await this.db.drafts.delete(draft.id);
    });
  }

  /** Say an invalid change again under a new id, put right by a person. */
  repair(n: number, fields: Fields): Promise<string> {
    return this.together(async () => {
      const row = await this.db.outbox.get(n);
      if (row?.state !== "invalid") throw new Error(`change ${n} needs no repair`);
      const { id: _id, n: _n, at: _at, ...said } = row.change;
      await this.db.outbox.delete(n);
      return this.#save(row.dossier, { ...said, fields: { ...said.fields, ...fields } });
    });
  }

  async #inView(dossier: string, record: string): Promise<{ kind: string; body: Record<string, Value> }> {
    const found = await recordInView(this.db, dossier, record);
    if (!found) throw new Error(`${record} is not in view`);
    return found;
  }

  async #save(dossier: string, said: Omit<Change, "id" | "n" | "at">, at?: string): Promise<string> {
    check(said);
    const n = Math.max((await this.db.outbox.orderBy("n").last())?.n ?? 0, await this.#counted("n")) + 1;
    const clock = this.#running.read();
    const change: Change = { ...said, id: this.newId(), n, at: at ?? this.stamp(), clock };
    const size = new TextEncoder().encode(canonical(change)).length;
    if (size > CHANGE_BYTES) throw new Error(`${said.kind}: more than ${CHANGE_BYTES} bytes in one change`);
    const before = await this.#foldsInto(dossier, change);
    if (before) {
      const whole = folded(before.change, change);
      if (new TextEncoder().encode(canonical(whole)).length <= CHANGE_BYTES) {
        await this.db.outbox.update(before.n, { change: whole });
        return before.id;
      }
    }
    await this.db.meta.put({ key: "n", value: n });
    const row = {
      n,
      id: change.id,
      dossier,
      record: said.record,
      change,
      schema: this.schema,
      saved: this.now().getTime(),
    };
    await this.db.outbox.put({ ...row, state: "new", sent: false, seq: null, epoch: null, outcome: null, acked: null });
    return change.id;
  }

  /**
   * The last unsettled change of the same record, if the new one can be part of it: nobody has heard of
   * it, it is of this sitting, and its author still looks at the same version.
   */
  async #foldsInto(dossier: string, change: Change): Promise<OutboxRow | null> {
    const last = (await unsettledOf(this.db, dossier, change.record)).at(-1);
    if (!last || last.sent || last.schema !== this.schema || !foldable(last.change, change)) return null;
    if (this.now().getTime() - last.saved > SITTING_MS) return null;
    const base = last.change.base?.shown ?? last.change.base;
    const shadow = await newestShadow(this.db, dossier, change.record);
    const moved = shadow ? base?.version !== shadow.version || base.epoch !== shadow.epoch : base && base.version !== 0;
    return moved ? null : last;
  }

  /** What the author has seen: own unsettled edits mask the shadow (protocol.md §3). */
  async #base(dossier: string, record: string): Promise<Base> {
    const waiting = await unsettledOf(this.db, dossier, record);
    const shadow = await newestShadow(this.db, dossier, record);
    const epoch = await this.#epoch(dossier);
    const [first, last] = [waiting[0], waiting.at(-1)];
    if (!first || !last) return { version: shadow?.version ?? 0, epoch: shadow?.epoch ?? epoch, after: null };
    const under = { version: shadow?.version ?? 0, epoch: shadow?.epoch ?? epoch };
    const base = first.change.base ?? { version: 0, epoch };
    return { version: base.version, epoch: base.epoch, after: last.id, shown: { ...under, first: first.id } };
  }

  async #epoch(dossier: string): Promise<number> {
    return (await this.db.epochs.get(dossier))?.epoch ?? 1;
  }

  async #counted(key: string): Promise<number> {
    return ((await this.db.meta.get(key))?.value as number | undefined) ?? 0;
  }

  // ---------------------------------------------------------------- sync

  /**
   * Exchange until nothing is left to push or pull, or what is left the server will not take now.
   * Throws what the line throws; whatever was answered before that is kept.
   */
  async sync(line: Line, rounds = 1_000): Promise<void> {
    for (let done = 1; done <= rounds; done += 1) {
      const before = await this.#position();
      const body = await this.request();
      const sent = Date.now();
      const answer = await line.exchange(body);
      this.wipe = answer.wipe ?? null;
      // Of an answer to an earlier request less is demanded (trust.ts): the line knows which one it is.
      if (answer.no !== (await this.#counted("no"))) throw new Error("the server answered another request");
      await measured(this.db, answer.server_time, sent);
      for (const offer of await this.receive(answer)) await this.#load(line, offer);
      const still = before === (await this.#position());
      if (still || (done > 1 && !(await this.busy()))) return;
    }
  }

  async #load(line: Line, offer: Offer): Promise<void> {
    try {
      const { takeSnapshot } = await answers();
      await takeSnapshot(this.db, offer, await line.fetch(offer.url));
    } catch {
      // Without the file, or with a damaged one, the pages go on.
    }
  }

  async #position(): Promise<string> {
    const outbox = (await this.db.outbox.toArray()).map(({ n, state }) => [n, state]);
    return JSON.stringify([outbox, await this.db.cursors.toArray(), (await this.db.meta.get(TAKEN))?.value]);
  }

  /** Whether an exchange would bring anything nearer to home. */
  async busy(): Promise<boolean> {
    const waiting = await this.db.outbox.where("state").anyOf("new", "acked").count();
    return waiting > 0 || (await this.db.cursors.toArray()).some((cursor) => cursor.more);
  }

  /** The next request (requests.ts). */
  async request(): Promise<string> {
    const key = await this.#key();
    const { next } = await requests();
    const clock = this.#running.read();
    return next(this.db, { device: this.device, schema: this.schema, sent_at: this.stamp(), clock, key });
  }

  async #key(): Promise<DeviceKey | null> {
    if (!this.#signs || this.#unasked) return null;
    return (await this.#enrolled()) ?? (await signatures()).deviceKey(this.db);
  }

  /** Sign and freeze all that is unsent, before it is exported: what may reach the house by hand is not edited. */
  async freeze(): Promise<void> {
    const key = await this.#key();
    const { freeze } = await requests();
    await freeze(this.db, key, await this.db.outbox.where("state").equals("new").sortBy("n"));
  }

  /** Take an answer in; late, repeated and reordered ones do no harm. */
  async receive(answer: Answer): Promise<Offer[]> {
    const now = this.now().getTime();
    const { heard, takePull, takePush } = await answers();
    await this.#takeKey(answer);
    await this.together(async () => {
      for (const group of answer.push ?? []) await takePush(this.db, group, now);
      await heard(this.db, answer.server_time);
    });
    const { pull, no } = answer;
    if (!pull) return [];
    const { stands, weigh } = await trust();
    for (;;) {
      const weighed = await weigh(this.db, pull, no, this.stamp());
      const offers = await this.together(async () =>
        (await stands(this.db, weighed)) ? takePull(this.db, pull, no, this.newId, now, weighed) : null,
      );
      if (offers) return offers;
    }
  }

  async #takeKey({ device_key: told }: Answer): Promise<void> {
    if (told?.key) await this.db.meta.put({ key: TAKEN, value: told.key });
    else if (told?.why === "read-only") return;
    else if (told) {
      await (await signatures()).forgetKey(this.db);
      this.#unasked = (this.#refusals += 1) > 1;
    } else if (!(await this.db.meta.get(TAKEN))) this.#unasked = true;
  }

  /** Look again at what may be let go; for who wakes up after weeks. */
  async settle(): Promise<void> {
    const { settle } = await answers();
    return this.together(() => settle(this.db, this.now().getTime()));
  }

  /** What the person sees of a dossier: records by id. */
  view(dossier: string): ReturnType<typeof look> {
    return look(this.db, { dossier });
  }
}

function check(said: Omit<Change, "id" | "n" | "at">): void {
  const kind = KINDS[said.kind];
  if (!kind || said.op === "resolve" || said.op === "delete") return;
  const unknown = Object.keys(said.fields ?? {}).filter((name) => !kind.fields[name]);
  const kept = Object.keys(said.fields ?? {}).filter((name) => kind.fields[name]?.policy === "server");
  const lacking = Object.entries(kind.fields).filter(([name, field]) => field.required && !said.fields?.[name]);
  const fixed = Object.keys(said.fields ?? {}).filter((name) => kind.fields[name]?.fixed);
  const faults = [...unknown, ...kept, ...(said.op === "create" ? lacking.map(([name]) => name) : fixed)];
  if (faults.length) throw new Error(`${said.kind}: ${faults.join(", ")}`);
}

const unsettledOf = async (db: Tables, dossier: string, record: string): Promise<OutboxRow[]> =>
  (await db.outbox.where("[dossier+record]").equals([dossier, record]).sortBy("n")).filter(
    ({ state }) => state === "new" || state === "acked",
  );

/** A record that moves stands in two audiences until both cursors have passed the move: the newer one counts. */
async function newestShadow(
  db: Tables,
  dossier: string,
  record: string,
): Promise<{ version: number; epoch: number } | undefined> {
  const rows = await db.shadow.where("[dossier+record]").equals([dossier, record]).toArray();
  return rows.sort((a, b) => b.epoch - a.epoch || b.version - a.version)[0];
}
