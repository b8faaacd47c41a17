/**
 * An enrolled device is its key (decision 0023): a P-256 key that cannot be taken out of the browser, shown by
 * proofs (RFC 9449, DPoP) that are good once. It belongs to the device and to none of the people who work at it.
 */

import { base64url, fromBase64url, utf8 } from "./canonical.ts";
import { answered, type HttpLine, Refused, type SignedIn } from "./line.ts";
import type { DeviceKey } from "./signatures.ts";
import { Keyring } from "./tables.ts";

const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const TRIES = 3; // a proof that came too early or twice is made anew
// The names of what is kept here.
const [KEY, NEXT, ID] = ["key", "next", "id"];

export class Enrolled {
  readonly #kept: Keyring;
  #offsetMs = 0; // how far the house's clock is ahead, once it has complained of ours

  constructor(name = "xunjian.device") {
    this.#kept = new Keyring(name);
  }

  /** The id under which this device is enrolled; null where it is not. */
  id(): Promise<string | null> {
    return this.#kept.value<string>(ID);
  }

  /** The key that this device is; null where it was never enrolled, or the browser let go of it. */
  key(): Promise<DeviceKey | null> {
    return this.#kept.value<DeviceKey>(KEY);
  }

  /**
   * Become a device of the house by a one-time code. Its owner is signed in with it; a shared one has nobody yet.
   *
   * The key is put down before it is sent: where the reply is lost, the same code with the same key gets the same
   * device. `proposed` is the id by which this device has gone until now. Where that is somebody else's, or this key
   * was enrolled before, it begins anew under another. `unsent`: the people whose work here is not home; at a device
   * with an owner nobody else could send theirs. Throws Refused `enrolment-void`, `work-of-others`.
   */
  async enrol(line: HttpLine, code: string, proposed: string, unsent: string[] = []): Promise<SignedIn> {
    const ask = (key: DeviceKey, device: string | null): Promise<SignedIn> =>
      this.#shown<SignedIn>(line, "/api/v1/devices", { code, device, ...(unsent.length > 0 && { unsent }) }, key);
    let key = (await this.#kept.value<DeviceKey>(NEXT)) ?? (await this.#makeNext());
    let told: SignedIn;
    try {
      told = await ask(key, proposed);
    } catch (wrong) {
      if (!(wrong instanceof Refused) || wrong.code !== "device-taken") throw wrong;
      key = await this.#makeNext();
      told = await ask(key, null);
    }
    await this.#kept.transaction("rw", this.#kept.rows, async () => {
      await this.#kept.rows.clear();
      await this.#kept.rows.bulkPut([
        { key: KEY, value: key },
        { key: ID, value: told.device },
      ]);
    });
    return told;
  }

  async #makeNext(): Promise<DeviceKey> {
    const made = await (await import("./signatures.ts")).make();
    await this.#kept.rows.put({ key: NEXT, value: made });
    return made;
  }

  /** Sign in at this device: the password, and its key beside it. */
  async signIn(line: HttpLine, username: string, password: string, code = ""): Promise<SignedIn> {
    const said = { username, password, device: await this.id(), ...(code && { code }) };
    return this.#shown<SignedIn>(line, "/api/v1/session", said, await this.#mine());
  }

  /**
   * The next token of a session. The renewal's name is put down before the first try and goes with its answer: a
   * lost reply is asked for again by the same name, and gets the same token.
   */
  async renew(line: HttpLine, session: string): Promise<SignedIn> {
    const [row, key] = [`renewal ${session}`, await this.#mine()];
    const renewal = (await this.#kept.value<string>(row)) ?? base64url(crypto.getRandomValues(new Uint8Array(18)));
    await this.#kept.rows.put({ key: row, value: renewal });
    const told = await this.#shown<SignedIn>(line, await this.#at("token"), { session, renewal }, key);
    await this.#kept.rows.delete(row);
    return told;
  }

  /** Say that the order was carried out, and how much was left unsent. Again, it changes nothing. */
  async wiped(line: HttpLine, order: string, unsent: number): Promise<void> {
    await this.#shown(line, await this.#at("wiped"), { order, unsent }, await this.#mine());
  }

  /** Be no device of the house any more. */
  async forget(): Promise<void> {
    await this.#kept.delete();
    await this.#kept.open();
  }

  async #at(what: string): Promise<string> {
    return `/api/v1/devices/${await this.id()}/${what}`; // an id has no letter that would have to be escaped
  }

  async #mine(): Promise<DeviceKey> {
    const key = await this.key();
    if (!key) throw new Refused(401, { code: "proof-required", remedy: "ask", title: "the device's key is gone" }, 0);
    return key;
  }

  /** A request under a fresh proof of the key. */
  async #shown<T>(line: HttpLine, path: string, said: object, key: DeviceKey): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      const at = new Date(Date.now() + this.#offsetMs);
      const headers = { "Content-Type": "application/json", DPoP: await proof(key, "POST", line.address(path), at) };
      try {
        const answer = await line.bare(path, { method: "POST", headers, body: utf8(JSON.stringify(said)) });
        return answer.status === 204 ? (null as T) : await answered<T>(answer);
      } catch (wrong) {
        if (!(wrong instanceof Refused) || tried === TRIES) throw wrong;
        if (wrong.code === "proof-stale") this.#offsetMs = Date.parse(String(wrong.details.server_time)) - Date.now();
        else if (wrong.code !== "proof-replayed") throw wrong;
      }
    }
  }
}

/** A proof for one request (RFC 9449 §4.2): a JWT that names the request, the moment and itself. */
export async function proof(key: DeviceKey, htm: string, htu: string, at: Date): Promise<string> {
  const point = fromBase64url(key.public); // 0x04 ‖ x ‖ y
  const [x, y] = [base64url(point.slice(1, 33)), base64url(point.slice(33))];
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty: "EC", crv: "P-256", x, y } };
  const jti = base64url(crypto.getRandomValues(new Uint8Array(18)));
  const claims = { htm, htu, iat: Math.floor(at.getTime() / 1_000), jti };
  const said = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join(".");
  const signature = await crypto.subtle.sign(SIGNING, key.private, utf8(said));
  return `${said}.${base64url(new Uint8Array(signature))}`;
}
