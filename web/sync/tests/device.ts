/**
 * A device that does what it is told, for a test in another language: one order a line in, one answer a
 * line out, both JSON (tests/web/devices.py).
 */

import "fake-indexeddb/auto";

import { createInterface } from "node:readline";

import { sha256 } from "../canonical.ts";
import { type Fields, sets } from "../change.ts";
import { bringHome } from "../home.ts";
import { rememberAuthors } from "../../phone/traces.ts";
import { Enrolled } from "../enrolled.ts";
import { letGoOfTheirs, remaining } from "../leaving.ts";
import { HttpLine, Refused, type SignedIn } from "../line.ts";
import { Replica } from "../replica.ts";
import { unsent } from "../storage.ts";

const [url = "", token = "", name = "device"] = process.argv.slice(2);
const own = new Enrolled(`${name}.device`);
let replica = new Replica(name, name, { signs: true });
let line = new HttpLine(url);
line.token = token;

let lost: unknown[] = [];

/** Somebody works at this device now, with a database of their own. */
function seat(told: SignedIn): object {
  const session = String(told.session);
  line = new HttpLine(url);
  line.hold(told);
  line.renewal = () => own.renew(line, session);
  replica = new Replica(`${name} ${told.user?.id}`, String(told.device), { signs: true, enrolled: () => own.key() });
  return { device: told.device, session, user: told.user?.username };
}

type Order = {
  do: string;
  dossier: string;
  record: string;
  kind: string;
  fields: Fields;
  reason: string;
  code: string;
  username: string;
  password: string;
  expires_in: number;
  token: string;
  path: string;
  times: number;
  off_s: number;
  order: string;
  unsent: number;
  photo: string;
  base64: string;
};

const orders: Record<string, (order: Order) => Promise<unknown>> = {
  create: ({ dossier, kind, fields, record }) => replica.create(dossier, kind, fields, record ? { record } : {}),
  update: ({ dossier, record, fields }) => replica.update(dossier, record, fields),
  delete: ({ dossier, record }) => replica.delete(dossier, record),
  decide: ({ dossier, record, fields, reason }) => replica.decide(dossier, record, fields as never, reason),
  sync: async () => {
    await bringHome(replica, line, url);
    return unsent(replica.db);
  },
  /** Somebody saves a record while photographs go: whether it still waits, at each word of progress. */
  write_meanwhile: async ({ dossier, kind, fields }) => {
    let made: Promise<string> | null = null;
    const waits: Promise<boolean>[] = [];
    await bringHome(replica, line, url, () => {
      const known = (made ??= replica.create(dossier, kind, fields));
      const stands = async (): Promise<boolean> => {
        const rows = await replica.db.outbox
          .where("record")
          .equals(await known)
          .toArray();
        return rows.some(({ state }) => state === "new");
      };
      waits.push(stands());
    });
    return Promise.all(waits);
  },
  unsent: () => unsent(replica.db),
  enrol: async ({ code }) => {
    const told = await own.enrol(line, code, name);
    return told.user ? seat(told) : { device: told.device };
  },
  sign_in_here: async ({ username, password }) => seat(await own.signIn(line, username, password)),
  /** As if the token ended so soon, by this device's clock; or were another one. */
  ending: ({ expires_in, token }) =>
    Promise.resolve(line.hold({ access_token: token || String(line.token), expires_in })),
  /** The house hears so many requests to this address, and its replies are lost; what they were. */
  lose: ({ path, times }) => {
    const kept: unknown[] = [];
    const whole = globalThis.fetch;
    globalThis.fetch = async (asked, init) => {
      const answer = await whole(asked, init);
      if (!String(asked).endsWith(path) || kept.length === times) return answer;
      kept.push(await answer.json());
      throw new TypeError("the reply was lost");
    };
    lost = kept;
    return Promise.resolve(null);
  },
  lost: () => Promise.resolve(lost),
  /** The device's clock is off by so much from now on. */
  clock: ({ off_s }) => {
    const right = Date.now;
    Date.now = () => right() + off_s * 1_000;
    return Promise.resolve(null);
  },
  token: () => line.current(),
  key: async () => (await own.key())?.name,
  wipe_order: () => Promise.resolve(replica.wipe),
  remaining: () => remaining(replica.db),
  let_go: () => letGoOfTheirs(replica.db),
  wiped: ({ order, unsent }) => own.wiped(line, order, unsent),
  view: async ({ dossier }) => Object.fromEntries(await replica.view(dossier)),
  remember: () => rememberAuthors(replica, line),
  meta: () => replica.db.meta.toCollection().primaryKeys(),
  outbox: () => replica.db.outbox.toArray(),
  media: async () => ({ rows: await replica.db.media.toArray(), bytes: await replica.db.bytes.count() }),
  photo: async ({ dossier, record, photo, base64 }) => {
    const bytes = Uint8Array.from(Buffer.from(base64, "base64")).buffer;
    const taken = sets({ taken_at: replica.stamp() });
    const shot = {
      photo,
      sha256: await sha256(bytes),
      size: bytes.byteLength,
      mime: "image/jpeg",
      name: "图 1.jpg",
      fields: taken,
    };
    await replica.together(async () => {
      await replica.db.bytes.put({ photo, bytes });
      await replica.attach(dossier, record, shot, {});
    });
    return shot.sha256;
  },
};

for await (const said of createInterface({ input: process.stdin })) {
  const order = JSON.parse(said) as Order;
  let told: object;
  try {
    told = { done: (await orders[order.do]?.(order)) ?? null };
  } catch (wrong) {
    told = { error: String(wrong), ...(wrong instanceof Refused && { code: wrong.code }) };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
