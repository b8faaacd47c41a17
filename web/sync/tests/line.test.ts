/** Who speaks on the line: the house, or something on the way to it. */

import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";

import { answered, HttpLine, NoLine, refusal, Refused, retryAfterMs } from "../line.ts";

let says: (answer: ServerResponse) => void = (answer) => answer.end();
const somebody = createServer((asked, answer) => asked.resume().on("end", () => says(answer)));
let line: HttpLine;

before(async () => {
  await new Promise<void>((listening) => somebody.listen(0, "127.0.0.1", listening));
  line = new HttpLine(`http://127.0.0.1:${(somebody.address() as AddressInfo).port}`);
});
after(() => somebody.close());

const PAGE = "<!doctype html><title>欢迎使用免费无线网络</title>";

/** What an exchange throws where this is the answer. */
async function thrown(status: number, body: string, headers: Record<string, string> = {}): Promise<unknown> {
  says = (answer) => answer.writeHead(status, headers).end(body);
  try {
    await line.exchange("{}");
  } catch (wrong) {
    return wrong;
  }
  return null;
}

test("a portal's page is no answer of the house, under whatever status", async () => {
  for (const status of [200, 401, 403, 404, 405, 415, 426]) {
    const wrong = await thrown(status, PAGE, { "Content-Type": "text/html" });
    assert.ok(wrong instanceof NoLine, `${status}: ${String(wrong)}`);
    assert.equal(retryAfterMs(wrong), 0, "asked again as for a line that is away");
  }
});

test("what the house refuses, and a proxy that asks for patience, are heard", async () => {
  const expired = await thrown(401, JSON.stringify({ code: "token-expired", remedy: "retry" }));
  assert.ok(expired instanceof Refused && expired.code === "token-expired");
  assert.equal(retryAfterMs(expired), null);
  const busy = await thrown(429, PAGE, { "Retry-After": "7" });
  assert.equal(retryAfterMs(busy), 7_000);
  assert.ok((await thrown(502, PAGE)) instanceof Refused);
  assert.ok(refusal(403, {}, 0) instanceof NoLine);
});

test("an answer that is cut off is none", async () => {
  await assert.rejects(answered(new Response('{"no": 1')), NoLine);
});
