/** What the house says of each kind of record: fields with merge rules, states, steps (web/sync/kinds.json). */

import declared from "./kinds.json" with { type: "json" };

export type Policy = "review" | "last" | "server" | "set" | "append" | "text" | "state";

export interface Field {
  policy: Policy;
  /** Must stand at create. */
  required?: boolean;
  /** Said once, at create, and never again. */
  fixed?: boolean;
  /** Fields of one group are tested, won and lost together. */
  group?: string;
  /** Values from mild to grave; while a conflict is open the graver one shows. */
  order?: string[];
  values?: string[];
  most?: number;
}

/** One permitted step; `by` are the roles that may take it, `needs` the fields without which it is not taken. */
export interface Step {
  from: string[];
  to: string;
  by: string[];
  needs?: string[];
  stamps?: string[];
  times?: string[];
}

export interface Kind {
  fields: Record<string, Field>;
  audiences?: string[];
  states?: { initial: string; steps: Record<string, Step> };
  signed?: string;
  own?: boolean;
  /** Its ids are derived from what it is about: who makes one that is there already has edited it. */
  meets?: boolean;
}

export const SCHEMA: number = declared.schema;
export const KINDS: Record<string, Kind> = declared.kinds as unknown as Record<string, Kind>;

/** The verbs that `roles` may say to a record of this kind in this state. */
export function steps(kind: string, state: string, roles: string[]): string[] {
  const known = Object.entries(KINDS[kind]?.states?.steps ?? {});
  return known
    .filter(([, step]) => step.from.includes(state) && step.by.some((role) => roles.includes(role)))
    .map(([verb]) => verb);
}
