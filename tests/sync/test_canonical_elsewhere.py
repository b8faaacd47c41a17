"""A1: the phone spells ten thousand generated documents as the server and RFC 8785's reference do."""

import json
import random
import subprocess

import rfc8785

from sync.canonical import canonical
from tests.web.node import BIN, WEB

from .test_canonical import document

# The phone's own file, whose types Node strips. A document a line comes in, the bytes of each go out.
SPELL = """
import { createInterface } from "node:readline";
const { canonical } = await import(process.argv[1]);
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(Buffer.from(canonical(JSON.parse(line)), "utf8").toString("hex") + "\\n");
}
"""


def test_ten_thousand_documents_have_the_same_bytes_in_typescript_python_and_the_reference() -> None:
    chance = random.Random(9162)
    documents = [document(chance, 3) for _ in range(10_000)]
    line = [BIN / "node", "--input-type=module", "-e", SPELL, str(WEB / "sync" / "canonical.ts")]
    told = "".join(json.dumps(one) + "\n" for one in documents)
    done = subprocess.run(line, input=told, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    spelled = [bytes.fromhex(one) for one in done.stdout.splitlines()]
    assert len(spelled) == len(documents)
    for one, theirs in zip(documents, spelled, strict=True):
        assert theirs == canonical(one) == rfc8785.dumps(one)
