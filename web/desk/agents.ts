/** What a browser says of itself, in the two words by which its owner knows it; null where it says nothing known. */

export interface Agent {
  browser: string | null;
  system: string | null;
}

// The first that is found counts: nearly all of them also call themselves Chrome and Safari, and a system names
// the one that it descends from.
const BROWSERS: readonly [string, RegExp][] = [
  ["wechat", /MicroMessenger\//],
  ["qq", /M?QQBrowser\//],
  ["b360", /360(SE|EE)|QihooBrowser|QHBrowser/],
  ["huawei", /HuaweiBrowser\/|ArkWeb\//],
  ["xiaomi", /MiuiBrowser\//],
  ["uc", /UCBrowser\/|UBrowser\//],
  ["sogou", /MetaSr|SogouMobileBrowser/],
  ["edge", /Edg(e|A|iOS)?\//],
  ["opera", /OPR\//],
  ["firefox", /Firefox\/|FxiOS\//],
  ["chrome", /Chrome\/|CriOS\//],
  ["safari", /Safari\//],
];
const SYSTEMS: readonly [string, RegExp][] = [
  ["harmony", /HarmonyOS|OpenHarmony/],
  ["android", /Android/],
  ["iphone", /iPhone/],
  ["ipad", /iPad/],
  ["windows", /Windows/],
  ["mac", /Macintosh/],
  ["linux", /Linux|CrOS/],
];

const first = (of: readonly [string, RegExp][], agent: string): string | null =>
  of.find(([, says]) => says.test(agent))?.[0] ?? null;

export const agentOf = (agent: string | null): Agent => ({
  browser: first(BROWSERS, agent ?? ""),
  system: first(SYSTEMS, agent ?? ""),
});
