/**
 * A device that does what it is told, for a test in another language: one order a line in, one answer a
 * line out, both JSON (tests/web/devices.py).
 */

import "fake-indexeddb/auto";

import { createInterface } from "node:readline";

import { sha256 } from "../canonical.ts";
import { type Fields, sets } from "../change.ts";
import { bringHome } from "../home.ts";
import { HttpLine, Refused } from "../line.ts";
import { Replica } from "../replica.ts";
import { unsent } from "../storage.ts";

const [url = "", token = "", name = "device"] = process.argv.slice(2);
const replica = new Replica(name, name, { signs: true });
const line = new HttpLine(url);
line.token = token;

type Order = {
  do: string;
  dossier: string;
  record: string;
  kind: string;
  fields: Fields;
  reason: string;
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
  view: async ({ dossier }) => Object.fromEntries(await replica.view(dossier)),
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
