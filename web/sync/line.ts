/** The line from this device to the house: sign-in, exchange, files that an answer has named. */

import type { Answer } from "./answers.ts";
import type { components } from "./api.ts";
import { utf8 } from "./canonical.ts";

export type SignedIn = components["schemas"]["SignedIn"];
type Problem = components["schemas"]["Problem"];

const SMALLEST = 1_024; // bytes; below it packing costs more than it saves
const PATIENCE_MS = 60_000; // a first load over a thin line; a dead line is known sooner by itself

/** No answer: the line or the server is away just now. Everything may be sent again. */
export class NoLine extends Error {}

/** The house answered with a refusal (RFC 9457). */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly details: Record<string, unknown>;
  readonly retryAfterMs: number;

  constructor(status: number, body: Partial<Problem>, retryAfterS: number) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "internal";
    this.remedy = body.remedy ?? "retry";
    this.details = body.details ?? {};
    this.retryAfterMs = retryAfterS * 1_000;
  }
}

/**
 * What an answer means that is no good one: the house refuses; or, where it has none of the house's codes, the request
 * never got there. What a café's portal says of signing in, or a proxy of a method, is nothing about this device.
 */
export function refusal(status: number, body: Partial<Problem>, retryAfterS: number): Error {
  const strangers = body.code === undefined && status < 500 && !retryAfterS;
  return strangers ? new NoLine(`${status}, and not from the house`) : new Refused(status, body, retryAfterS);
}

/** What the house said. Throws NoLine where it is somebody else's page, under a status that means well. */
export async function answered<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch (wrong) {
    throw new NoLine(String(wrong)); // cut off, or not the house's
  }
}

/** How long to wait at least after a fault; null where only a person can help (sign in, update). */
export function retryAfterMs(fault: unknown): number | null {
  if (!(fault instanceof Refused)) return 0;
  if (fault.status === 401 || fault.remedy === "update" || fault.code === "device-revoked") return null;
  return fault.retryAfterMs;
}

// Soon enough that a lost reply can be asked for again while the token still opens doors.
const BEFORE_END_MS = 120_000;

export const expired = (fault: unknown): boolean => fault instanceof Refused && fault.code === "token-expired";

export class HttpLine {
  readonly #base: string;
  readonly #language: () => string;
  token: string | null = null;
  /** How an enrolled device gets its next token; null where one is good for the whole session. */
  renewal: (() => Promise<SignedIn>) | null = null;
  #ends = Infinity; // ms of this clock
  #renewing: Promise<void> | null = null;

  /** `base` is empty for the page's own house. */
  constructor(base = "", language: () => string = () => "zh-CN") {
    this.#base = base;
    this.#language = language;
  }

  async signIn(username: string, password: string, device: string, code = ""): Promise<SignedIn> {
    this.token = null;
    const asked = { username, password, device, ...(code && { code }) };
    const answer = await this.#json<SignedIn>("/api/v1/session", "POST", asked);
    this.hold(answer);
    return answer;
  }

  /** Use this token from now on; `expires_in` in seconds, 0 for one that is to be renewed before its first use. */
  hold({ access_token, expires_in }: Pick<SignedIn, "access_token" | "expires_in">): void {
    this.token = access_token ?? null;
    this.#ends = expires_in === undefined ? Infinity : Date.now() + expires_in * 1_000;
  }

  /** The token that opens doors now, renewed where it soon would not. Throws what a renewal throws. */
  async current(): Promise<string | null> {
    if (!this.renewal || Date.now() < this.#ends - BEFORE_END_MS) return this.token;
    try {
      await this.renew();
    } catch (wrong) {
      const later = wrong instanceof NoLine || (wrong instanceof Refused && wrong.status >= 500);
      if (!later || Date.now() >= this.#ends) throw wrong; // until its end the old one is as good
    }
    return this.token;
  }

  /** Get the next token, once for all who ask meanwhile. */
  renew(): Promise<void> {
    this.#renewing ??= (this.renewal?.() ?? Promise.reject(new Error("nothing to renew")))
      .then((told) => this.hold(told))
      .finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** The whole address of a path, as a device's proof names it. */
  address(path: string): string {
    return new URL(path, this.#base || globalThis.location?.origin).href;
  }

  /** The token is refused from then on; work on the device stays there. */
  async signOut(): Promise<void> {
    await this.ask("/api/v1/session", { method: "DELETE" });
    this.token = null;
  }

  /** One round trip of the sync protocol, packed on the way there; the browser unpacks the answer. */
  async exchange(body: string): Promise<Answer> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    let data: BodyInit = body;
    if (body.length >= SMALLEST) {
      const packed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
      data = await new Response(packed).arrayBuffer();
      headers["Content-Encoding"] = "gzip";
    }
    return answered(await this.ask("/api/v1/exchange", { method: "POST", headers, body: data }));
  }

  async fetch(url: string, init: RequestInit = {}): Promise<ArrayBuffer> {
    return (await this.ask(url, init)).arrayBuffer();
  }

  get<T>(path: string): Promise<T> {
    return this.#json<T>(path, "GET");
  }

  async #json<T>(path: string, method: string, data?: unknown): Promise<T> {
    const body = data === undefined ? {} : { body: utf8(JSON.stringify(data)) };
    const headers = { "Content-Type": "application/json" };
    return answered<T>(await this.ask(path, { method, headers, ...body }));
  }

  /** One request with the token. Throws NoLine without an answer, Refused for a problem. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.current();
    try {
      return await this.bare(path, init, token);
    } catch (wrong) {
      // The clock was set, or the phone slept: the house knows better when it is over.
      if (!this.renewal || !expired(wrong)) throw wrong;
      if (this.token === token) await this.renew();
      return this.bare(path, init, this.token);
    }
  }

  /** One request with this token, or as nobody. Throws NoLine, Refused. */
  async bare(path: string, init: RequestInit = {}, token: string | null = null): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Accept-Language", this.#language());
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let answer: Response;
    try {
      const signal = init.signal ?? AbortSignal.timeout(PATIENCE_MS);
      answer = await fetch(this.#base + path, { ...init, headers, signal });
    } catch (away) {
      throw new NoLine(String(away));
    }
    if (answer.ok) return answer;
    const body = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    throw refusal(answer.status, body, Number(answer.headers.get("Retry-After")) || 0);
  }
}
