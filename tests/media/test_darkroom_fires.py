"""A fire in the darkroom: whatever a picture does to its decoder, the caller stands."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import media
from media.darkroom import ChildDied, Darkroom, Limits

ROOT = Path(media.__file__).parents[1]
# So long that what ends before it was ended by something else, however busy the machine is.
WALL_S = 300


@pytest.fixture(scope="module")
def room():
    room = Darkroom("tests.media.rogue_decoders:rogue", Limits(cpu_s=1, wall_s=WALL_S, at_once=4))
    yield room
    room.close()


@pytest.fixture
def picture(file_of):
    return file_of(b"a picture")


@pytest.mark.parametrize("deed", ["crash", "spin", "vanish"])
def test_a_decoder_that_crashes_hangs_or_vanishes_costs_one_picture(room, picture, deed):
    begun = time.monotonic()
    with pytest.raises(ChildDied):
        room.develop(picture, {"deed": deed})
    assert time.monotonic() - begun < WALL_S, "a second of CPU is the limit that must end it"
    assert room.develop(picture, {"deed": "good"})[1] == b"a picture"


def test_a_decoder_that_sleeps_is_woken_by_the_kernel_and_not_by_python(picture):
    room, begun = Darkroom("tests.media.rogue_decoders:rogue", Limits(wall_s=0.5)), time.monotonic()
    with pytest.raises(ChildDied):
        room.develop(picture, {"deed": "sleep"})
    assert time.monotonic() - begun < 1.5
    room.close()


@pytest.mark.parametrize(
    ("deed", "fault"), [("gorge", "MemoryError"), ("scribble", "OSError"), ("fill", "OSError")]
)
def test_a_decoder_gets_neither_memory_without_end_nor_a_pen(room, picture, deed, fault):
    request = {"deed": deed, "path": str(picture.parent / "written")}
    assert room.develop(picture, request)[0]["fault"].startswith(fault)
    assert picture.read_bytes() == b"a picture"


def test_each_picture_has_a_child_of_its_own_and_many_threads_may_ask(room, picture):
    with ThreadPoolExecutor(16) as pool:
        asked = pool.map(lambda _: room.develop(picture, {"deed": "good"})[0], range(48))
        seen = [(r["pid"], r["server"]) for r in asked]
    assert len({pid for pid, _ in seen}) == 48
    assert len({server for _, server in seen}) == 1


def test_a_server_that_died_is_replaced_and_no_picture_is_blamed(room, picture):
    for _ in range(3):
        server = room.develop(picture, {"deed": "good"})[0]["server"]
        os.kill(server, signal.SIGKILL)
        after = room.develop(picture, {"deed": "good"})[0]["server"]
        assert after != server


def test_a_forked_worker_gets_a_server_of_its_own(room, picture):
    ours = room.develop(picture, {"deed": "good"})[0]["server"]
    read_end, write_end = os.pipe()
    room._lock.acquire()  # as another thread may hold it at the moment of the fork
    if (pid := os.fork()) == 0:
        signal.alarm(5)
        try:
            theirs = room.develop(picture, {"deed": "good"})[0]["server"]
            os.write(write_end, str(theirs).encode())
        finally:
            os._exit(0)
    room._lock.release()
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        theirs = answer.read()
    os.waitpid(pid, 0)
    assert theirs and int(theirs) != ours
    assert room.develop(picture, {"deed": "good"})[0]["server"] == ours


def test_a_plain_script_may_use_it_and_leaves_no_server_behind(tmp_path, file_of, photo):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom media import pictures\n"
        "print(pictures.thumbnail(Path(sys.argv[1])).width, pictures._darkroom._server.pid)\n"
    )
    run = subprocess.run(
        [sys.executable, script, file_of(photo)],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    width, server = run.stdout.split()
    assert width == "320"
    for _ in range(100):
        if not Path(f"/proc/{server}").exists() or " Z" in Path(f"/proc/{server}/stat").read_text():
            return
        time.sleep(0.02)
    pytest.fail("the server outlived its caller")
