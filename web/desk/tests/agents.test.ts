/** Browsers are known by what their owners call them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { agentOf } from "../agents.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
// As these browsers write themselves; the second column is what their owners call them.
const SAID: readonly [string, string | null, string | null][] = [
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`, "chrome", "windows"],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`, "edge", "windows"],
  ["(Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "edge", "mac"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "safari", "mac"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "firefox", "linux"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1", "safari", "iphone"],
  [`Mozilla/5.0 (Linux; Android 13; V2199A; wv) ${WEBKIT} Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.47`, "wechat", "android"],
  [`Mozilla/5.0 (Phone; OpenHarmony 5.0) ${WEBKIT} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4`, "huawei", "harmony"],
  ["python-httpx/0.28", null, null],
  ["", null, null],
];

test("a browser and its system are told by what they are called, not by whom they descend from", () => {
  for (const [agent, browser, system] of SAID) assert.deepEqual(agentOf(agent), { browser, system }, agent);
  assert.deepEqual(agentOf(null), { browser: null, system: null });
});
