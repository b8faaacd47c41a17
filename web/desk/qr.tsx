/** A QR code, dark on light whatever the scheme: cameras read nothing else. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

export function Qr({ text, label }: { text: string; label: string }): JSX.Element | null {
  const [drawn, setDrawn] = useState<{ path: string; wide: number } | null>(null);
  useEffect(() => {
    let gone = false;
    // Few need it: it comes when somebody does.
    void import("qr").then(({ encodeQR }) => {
      const rows = encodeQR(text, "raw");
      const dark = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")));
      if (!gone) setDrawn({ path: dark.join(""), wide: rows.length });
    });
    return () => void (gone = true);
  }, [text]);
  return (
    drawn && (
      <svg class="qr" viewBox={`0 0 ${drawn.wide} ${drawn.wide}`} role="img" aria-label={label}>
        <path d={drawn.path} />
      </svg>
    )
  );
}
