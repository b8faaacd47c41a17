/** A project's code, to be printed for the board at the gate or shown to a colleague. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { tell } from "../live.ts";
import { Dialog } from "../parts.tsx";
import { drawn, siteCode } from "../qr.ts";
import { say } from "../words.ts";

export function SiteCode({
  dossier,
  name,
  onClose,
}: {
  dossier: string;
  name: string;
  onClose: () => void;
}): JSX.Element {
  const [code, setCode] = useState<{ path: string; wide: number } | null>(null);
  useEffect(() => void drawn(siteCode(dossier)).then(setCode, tell), [dossier]);
  return (
    <Dialog title={name} onClose={onClose}>
      {code && (
        <svg class="qr" viewBox={`0 0 ${code.wide} ${code.wide}`} role="img" aria-label={say("siteCode")}>
          <path d={`M0 0h${code.wide}v${code.wide}h-${code.wide}z`} class="ground" />
          <path d={code.path} />
        </svg>
      )}
      <p class="muted">{say("siteCodeHint")}</p>
      <div class="menu">
        <button type="button" onClick={onClose}>
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}
