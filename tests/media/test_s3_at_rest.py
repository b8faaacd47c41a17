"""Bytes in an S3 store: what only a network and a stranger's machine can do to them."""

import os
import traceback
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from threading import Thread

import pytest

from media.address import S3Address
from media.breaker import PAUSE_S, TRIAL_S, Breaker
from media.errors import BytesDiffer, StoreUnavailable
from media.patience import FLOOR, HASTY, PATIENT, Flow, Patience, at_leisure, in_haste
from media.s3 import ONE_PUT, S3Store
from media.store import rendition_key
from tests.media.sender import sha256
from tests.media.test_resting_bytes import BIG, DATA, DIGEST, KEY
from tests.support.bad_line import BadLine
from tests.support.seaweed import SECRET, SeaweedServer

pytestmark = pytest.mark.usefixtures("credentials")
HASTE = Patience(connect_s=0.5, read_s=0.5, put_s=0.5, attempts=2)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name[:60].replace('[', '-').replace(']', '')}/"


@pytest.fixture
def store(seaweed: SeaweedServer, prefix: str) -> S3Store:
    return S3Store(seaweed.address(prefix))


@pytest.fixture
def line(seaweed: SeaweedServer) -> Iterator[BadLine]:
    made = BadLine(seaweed.port)
    yield made
    made.close()


@pytest.fixture
def far(store: S3Store, line: BadLine) -> S3Store:
    """The same store over a line that can be spoilt, asked by somebody who does not wait long."""
    return S3Store(replace(store.address, endpoint=line.url), HASTE, Breaker(clock=lambda: 0.0))


def test_other_bytes_of_the_same_size_are_told_apart(store, file_of):
    key = rendition_key("project:p1", DIGEST, "320", "jpg")
    store.put(key, file_of(b"one"), sha256=sha256(b"one"))
    with pytest.raises(BytesDiffer):
        store.put(key, file_of(b"two"), sha256=sha256(b"two"))
    assert store.open(key).read() == b"one"


@pytest.mark.parametrize("state", ["cut", "silent"])
def test_a_dead_store_is_said_to_be_away_whatever_verb_is_tried(far, line, file_of, state):
    line.turns(state)
    source = file_of(DATA)
    for verb in (far.has, far.open, far.drop, lambda key: far.put(key, source, sha256=DIGEST)):
        far._breaker.worked()
        with pytest.raises(StoreUnavailable) as refusal:
            verb(KEY)
        assert refusal.value.remedy == "retry" and not refusal.value.final
    line.turns("good")
    far._breaker.worked()
    far.put(KEY, source, sha256=DIGEST)
    assert far.has(KEY) == len(DATA)


@pytest.mark.parametrize("size", [len(DATA), ONE_PUT + 1])
def test_a_store_that_takes_bytes_too_slowly_is_given_up_and_nothing_torn_rests(
    far, store, line, file_of, size
):
    data = BIG[:size]
    line.turns("slow")
    with pytest.raises(StoreUnavailable):
        far.put(KEY, file_of(data), sha256=sha256(data))
    line.turns("good")
    assert store.has(KEY) is None


def test_a_line_that_breaks_in_the_middle_of_an_answer_is_no_end_of_the_file(far, store, line, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    line.turns("broken")
    with pytest.raises(StoreUnavailable):
        far.open(KEY).read()


def test_after_a_silence_the_store_is_left_alone_and_then_tried_by_one(seaweed, prefix, line):
    now = [0.0]
    far = S3Store(replace(seaweed.address(prefix), endpoint=line.url), HASTE, Breaker(clock=lambda: now[0]))
    line.turns("silent")
    reasons = []
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as refusal:
            far.has(KEY)
        reasons.append(refusal.value.details["reason"])
    assert reasons[0] != "paused" and reasons[1] == "paused"
    line.turns("good")
    now[0] += PAUSE_S + 1
    assert far.has(KEY) is None
    assert far.has(KEY) is None


def elsewhere(do):
    """What another thread is told."""
    told = []
    thread = Thread(target=lambda: told.append(do()))
    thread.start()
    thread.join()
    return told[0]


def test_while_one_tries_a_store_that_was_silent_the_others_are_refused_however_long_he_takes():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    breaker.failed()
    assert not breaker.lets_through()
    now[0] += PAUSE_S + 1
    assert breaker.lets_through() and breaker.trying()
    now[0] += PAUSE_S + 1
    elsewhere(breaker.failed)  # one who hung from before the pause on says nothing new
    assert not elsewhere(breaker.lets_through) and not elsewhere(breaker.trying)
    breaker.worked()
    assert elsewhere(breaker.lets_through) and breaker.lets_through()


def test_whoever_tries_and_fails_begins_another_pause_and_whoever_vanishes_holds_nobody_off_for_ever():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    breaker.failed()
    now[0] += PAUSE_S
    assert breaker.lets_through()
    breaker.failed()
    now[0] += PAUSE_S - 1
    assert not elsewhere(breaker.lets_through)
    now[0] += 1
    assert elsewhere(breaker.lets_through)  # and that thread has ended without a word
    now[0] += TRIAL_S - 1
    assert not breaker.lets_through()
    now[0] += 1
    assert breaker.lets_through()
    breaker.left()
    assert elsewhere(breaker.lets_through)


def test_a_person_s_question_is_hasty_a_job_patient_and_whoever_tries_for_all_is_quick(store):
    assert store._bearing is PATIENT
    with in_haste():
        assert store._bearing is HASTY
        with at_leisure():
            assert store._bearing is PATIENT
        assert store._bearing is HASTY
    store._breaker = Breaker(clock=iter([0.0, PAUSE_S, PAUSE_S]).__next__)
    store._breaker.failed()
    assert store._breaker.lets_through() and store._bearing is HASTY
    store._breaker.worked()
    assert store._bearing is PATIENT


def test_the_first_answer_lets_the_others_in_while_a_large_file_is_still_on_its_way(store, file_of):
    now, told = [0.0], []
    store._breaker = Breaker(clock=lambda: now[0])
    store._breaker.failed()
    now[0] += PAUSE_S
    sends = store._send_parts
    store._send_parts = lambda *said: (told.append(elsewhere(store._breaker.lets_through)), sends(*said))[1]
    store.put(KEY, file_of(BIG), sha256=sha256(BIG))
    assert told == [True]


def test_an_answer_that_trickles_is_given_up_by_a_person_and_not_by_a_job(store, line, file_of):
    store.put(KEY, file_of(BIG), sha256=sha256(BIG))
    far = S3Store(replace(store.address, endpoint=line.url))
    with in_haste():
        stream = far.open(KEY)
    line.state = "slow"  # and the answer under way with it
    with pytest.raises(StoreUnavailable) as refusal:
        stream.read()
    assert refusal.value.details == {"reason": "TimeoutError"} and not far._breaker.lets_through()


def test_only_the_time_that_the_store_takes_counts_as_trickling():
    patient, hasty = Flow(None), Flow(2)
    patient._waited_s, hasty._waited_s = 1e9, 2.5
    assert patient.came(1) == 1
    assert hasty.came(FLOOR) == FLOOR  # half a second behind the floor, within the slack
    with pytest.raises(TimeoutError):
        hasty._waited_s = 4
        hasty.came(1)


def test_a_lost_bucket_is_not_taken_for_lost_photographs(store):
    elsewhere = S3Store(replace(store.address, bucket="no-such-bucket"))
    for verb in (elsewhere.has, elsewhere.open):
        with pytest.raises(StoreUnavailable):
            verb(KEY)


def test_a_refused_sign_in_tells_nobody_the_secret(store, file_of, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET + "-mistyped")
    with pytest.raises(StoreUnavailable) as refusal:
        store.put(KEY, file_of(DATA), sha256=DIGEST)
    assert refusal.value.details == {"reason": "403"}
    told = "".join(traceback.format_exception(refusal.value)) + caplog.text + repr(store.address)
    assert SECRET not in told and "xunjian-tests" not in told


def test_no_sign_in_at_all_is_a_store_that_is_away(store, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(StoreUnavailable):
        store.has(KEY)


def test_a_forked_child_speaks_over_a_line_of_its_own(store, file_of):
    store.put(KEY, file_of(DATA), sha256=DIGEST)
    ours = store._client()
    answers = get_context("fork").SimpleQueue()
    child = get_context("fork").Process(target=lambda: answers.put((store._client() is ours, store.has(KEY))))
    child.start()
    child.join()
    assert answers.get() == (False, len(DATA))
    assert store._client() is ours


def test_checksums_of_every_request_may_be_asked_for(store, file_of):
    careful = S3Store(replace(store.address, checksums="when_supported"))
    assert careful.put(KEY, file_of(DATA), sha256=DIGEST)
    assert careful.open(KEY).read() == DATA


def test_an_address_says_all_but_the_sign_in():
    address = S3Address.from_url(
        "s3://media?endpoint=http://127.0.0.1:8333&region=cn-north-1&prefix=a/b&checksums=when_supported"
    )
    assert address == S3Address(
        bucket="media",
        endpoint="http://127.0.0.1:8333",
        region="cn-north-1",
        prefix="a/b/",
        checksums="when_supported",
    )
    assert S3Address.from_url("s3://media?endpoint=https://s3.example").prefix == ""


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hush@media?endpoint=http://a",
        "s3://media?endpoint=http://key:hush@a",
        "s3://media?endpoint=http://a&secret=hush",
        "s3://media?endpoint=ftp://hush",
        "s3://media",
        "s3://Media?endpoint=http://a&x=hush",
        "s3://media/hush?endpoint=http://a",
        "s3://media?endpoint=http://a&prefix=../hush",
        "s3://media?endpoint=http://a&region=hush!",
        "s3://media?endpoint=http://a&checksums=hush",
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError) as refusal:
        S3Address.from_url(url)
    assert "hush" not in str(refusal.value)
