/** The password once more, for who signed in a while ago: asked for when the house wants it, and told when it was wrong. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Problem } from "./house.ts";
import { Trouble } from "./marks.tsx";
import { say } from "./words.ts";

interface Refused {
  wrong: unknown;
  /** Whether a password went with what was refused. */
  sent: boolean;
}

export interface Again {
  refused: Refused | null;
  /** Asked for once, it stays: after too many attempts too, where the refusal speaks of something else. */
  asked: boolean;
  /** Run it; what it throws is told by `PasswordAgain`. */
  tried: (password: string, work: Promise<void>) => void;
}

export function useAgain(): Again {
  const [refused, setRefused] = useState<Refused | null>(null);
  const [asked, setAsked] = useState(false);
  const tried = (password: string, work: Promise<void>): void =>
    void work.then(
      () => setRefused(null),
      (wrong: unknown) => {
        setRefused({ wrong, sent: password !== "" });
        if (wanted(wrong)) setAsked(true);
      },
    );
  return { refused, asked, tried };
}

const wanted = (wrong: unknown): boolean => wrong instanceof Problem && wrong.code === "sign-in-again";

/** The field, where it is asked for, and what is wrong; the first time a password is asked for is no fault. */
export const PasswordAgain = ({ of: { asked, refused } }: { of: Again }): JSX.Element => (
  <>
    {asked && (
      <label class="field">
        <span>{say("passwordAgain")}</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
    )}
    {refused && !wanted(refused.wrong) && <Trouble wrong={refused.wrong} />}
    {refused?.sent && wanted(refused.wrong) && (
      <div class="notice" role="alert">
        <strong>{say("passwordNot")}</strong>
      </div>
    )}
  </>
);
