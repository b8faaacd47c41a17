/** How a paper reads: its pages as pictures, and what a draft still wants. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useAsked } from "../asking.ts";
import { Problem, send } from "../house.ts";
import { Loading, Trouble } from "../marks.tsx";
import { listed, say, word } from "../words.ts";

interface Page {
  href: string;
  of: number;
}

export function Preview({ dossier, id, version }: { dossier: string; id: string; version: number }): JSX.Element {
  const [page, setPage] = useState(1);
  const at = `/api/v1/notices/${id}/preview?dossier=${encodeURIComponent(dossier)}&page=${page}`;
  const asked = useAsked<Page>(
    async (signal) => {
      const answer = await send(at, { signal });
      return { href: URL.createObjectURL(await answer.blob()), of: Number(answer.headers.get("Page-Count")) };
    },
    [at, version],
  );
  const { told } = asked;
  useEffect(() => () => void (told && URL.revokeObjectURL(told.href)), [told]);
  const lacking = asked.wrong instanceof Problem ? (asked.wrong.details.lacking as string[] | undefined) : undefined;
  if (lacking) {
    return (
      <div class="notice wrong" role="status">
        <strong>{say("stillWants")}</strong>
        <p>{listed(lacking.map((name) => word("noticeField", name.split("/").at(-1) ?? name)))}</p>
      </div>
    );
  }
  if (asked.wrong) return <Trouble wrong={asked.wrong} again={asked.again} />;
  if (!told) return <Loading />;
  return (
    <figure class="sheets">
      <img src={told.href} alt={say("pageOf", { n: page, of: told.of })} />
      {told.of > 1 && (
        <figcaption class="buttons">
          <button type="button" disabled={page === 1} onClick={() => setPage(page - 1)}>
            ‹
          </button>
          <span>{say("pageOf", { n: page, of: told.of })}</span>
          <button type="button" disabled={page === told.of} onClick={() => setPage(page + 1)}>
            ›
          </button>
        </figcaption>
      )}
    </figure>
  );
}
