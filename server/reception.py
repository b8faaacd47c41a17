"""The front desk: a connection gets a thread only once its request is here, and uploads have their own.

gunicorn's threads wait for their clients: seconds for the first byte, for ever for the rest of a head
or of a body, and its loop waits two seconds for each that does not hang up. Eight threads are eight
phones on a bad line. Here the loop itself takes in what arrives, in whatever pieces, and the threads
of the API never wait for a client to go on. What cannot be taken in first, and all that has to do with
uploads, waits in threads of its own, where silence ends it. So does what is fetched out of the store: a
store that says nothing, or who fetches a video over a bad line, keeps nobody from a list.

Written against gunicorn 27; TLS ends before it, in the proxy.
"""

import re
import select
import socket
import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.util import close_graceful
from gunicorn.workers.gthread import ThreadWorker

from .neighbours import Seat

# Nothing else of the house, here or above: the process that starts the workers holds these modules too, and
# what it has loaded is as old as its start (server/gunicorn.py: post_fork).

SILENCE_S = 10  # media.md §1: between two pieces of a request, and for its whole head
# A receiver's window may stand shut for a while on a line of 5 kB/s: the kernel wakes a sender only
# when a third of its buffer is free.
DEAF_S = 60
HEAD_BYTES = 64 * 1024  # above gunicorn's own limits, which then refuse it in words
TAKEN_IN = 64 * 1024 * 1024  # bytes of requests in memory at once; further ones wait in threads
UNREAD = 64 * 1024  # bytes of a body that gunicorn reads after an answer, to keep the connection
SEEN_OFF = 64 * 1024 * 1024  # bytes, in two seconds at most
WAITING = 16  # threads for what comes piece by piece; each holds a block of 1 MiB
TOLD_S = 0.5
ASKING = 4  # threads for questions about uploads
# Their bytes go to disk as they come; their questions (POST, HEAD, DELETE) may wait for the store that the
# bytes go to, and so have threads of their own too, which no slow sender holds.
UPLOADS = re.compile(rb"[a-z]+ /api/v1/uploads\b")
FETCHING = 8  # threads for what lies in the store; its reader may be slow, and the store may be away
# A test holds it against what the operations say of themselves (tests/house/test_rules.py).
FETCHED = re.compile(
    rb"[a-z]+ /api/v1/(?:"
    rb"(?:photos|attachments)/[^/? ]+/(?:original|thumbnail|rendition/)"
    rb"|(?:exports|cases)/[^/? ]+/file"
    rb"|notices/[^/? ]+/pdf"
    rb"|dossiers/[^/? ]+/snapshots/)"
)


@dataclass(slots=True)
class Arriving:
    """What has come of one request. `needs` is the size at which it is dealt with, once that is known;
    `whole` says that nothing is missing then.
    """

    data: bytearray
    needs: int | None = None
    whole: bool = False
    uploads: bool = False
    fetched: bool = False
    since: float = field(default_factory=time.monotonic)

    def is_here(self, room: int) -> bool:
        """Whether a thread can begin; `room` is how many bytes of a body may be taken in first."""
        if self.needs is None:
            end = self.data.find(b"\r\n\r\n") + 4
            if end >= 4:
                self._measure(bytes(self.data[:end]).lower(), room)
            elif len(self.data) > HEAD_BYTES:
                self.needs = 0
        return self.needs is not None and len(self.data) >= self.needs

    def _measure(self, head: bytes, room: int) -> None:
        from .endpoint import JSON_BYTES

        length = _value(head, b"content-length")
        self.needs = len(head)
        self.uploads = bool(UPLOADS.match(head))
        self.fetched = bool(FETCHED.match(head))
        # Who expects a 100 sends nothing before it; gunicorn says it when the request is read.
        if _value(head, b"transfer-encoding") or _value(head, b"expect"):
            return
        size = int(length) if re.fullmatch(rb"[0-9]{1,18}", length) else 0
        if size > (0 if self.uploads else min(room, JSON_BYTES)):
            return
        self.needs += size
        self.whole = True


def _value(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"\r\n" + name + rb":[ \t]*([^\r]*)", head)
    return found[1].strip() if found else b""


class LastWords(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads a line that is cut, or falls silent, as one that ends: gunicorn would forget with the error
    what came before it, up to 1 MiB, and on a line that is cut every 64 KiB nothing would ever arrive.
    """

    ended = False

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes; none at the end, whatever ended it."""
        try:
            data: bytes = b"" if self.ended else super().chunk(size_hint)
        except OSError:
            data = b""
        self.ended = not data
        return data


class Reception(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, with a loop that takes requests in."""

    wsgi: Any
    sockets: list[Any]

    def init_process(self) -> None:
        """Open the waiting rooms, then serve."""
        self.waiting = ThreadPoolExecutor(WAITING, thread_name_prefix="waiting")
        self.asking = ThreadPoolExecutor(ASKING, thread_name_prefix="asking")
        self.fetching = ThreadPoolExecutor(FETCHING, thread_name_prefix="fetching")
        self.taken_in = 0
        self.told_at = 0.0
        self.seat = Seat(self.age)
        super().init_process()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Open or close the door; on the way out, let in who already stands in it, and close it for good.

        The kernel has taken their connections on, and would tear them with the socket. And who comes
        later is refused at once and goes to another node, where they would wait for nobody; on a reload
        the socket is open in the new workers all the same.
        """
        going = not self.alive  # asked once: the word may come at any moment, also before the door was opened
        if going:
            for listener in self.sockets:
                while self._someone_waits(listener):
                    super().accept(listener)
        super().set_accept_enabled(enabled and not going)
        if not self._accepting:
            self.seat.leave()
        if going:
            for listener in self.sockets:
                listener.close()
            self.sockets = []

    def accept(self, listener: Any) -> None:
        """Take a connection in, unless a neighbour has fewer and is there to take it."""
        if not self.seat.gives_way():
            super().accept(listener)
            self.seat.holds(self.nr_conns)

    def _someone_waits(self, listener: Any) -> bool:
        door = select.poll()
        door.register(listener.fileno(), select.POLLIN)
        return bool(door.poll(0))

    def notify(self) -> None:
        """The loop goes round: gunicorn learns that we live, and twice a second the figures how we stand."""
        from . import metrics

        super().notify()
        self.seat.turns()
        if self._accepting:
            self.seat.holds(self.nr_conns)
        if time.monotonic() - self.told_at < TOLD_S:
            return
        self.told_at = time.monotonic()
        metrics.CONNECTIONS.set(self.nr_conns)
        metrics.TAKEN_IN.set(self.taken_in)
        rooms = {"api": self.tpool, "uploads": self.waiting, "questions": self.asking}
        for room, pool in (rooms | {"fetching": self.fetching}).items():
            metrics.WAITING.labels(room).set(pool._work_queue.qsize())

    def load_wsgi(self) -> None:
        """Load the application, and say what becomes of the line where it does not read to the end."""
        super().load_wsgi()
        self.wsgi = partial(_told_the_end, self.wsgi)

    def enqueue_req(self, conn: Any) -> None:
        """Every way in leads here: a new connection, one kept alive, a request behind another."""
        if conn.parser is None:
            _limit_silence(conn.sock)
        held = conn.parser.unreader.take_buffered() if conn.parser else b""
        conn.arriving = Arriving(bytearray(held))
        self.taken_in += len(held)
        self._take_in(conn)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Something more of a request has come, or its end."""
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self._take_in(conn)

    def _take_in(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        try:
            while not conn.arriving.is_here(TAKEN_IN - self.taken_in):
                data = conn.sock.recv(HEAD_BYTES)
                if not data:
                    return self._hang_up(conn)
                conn.arriving.data += data
                self.taken_in += len(data)
        except BlockingIOError:
            return self._wait(conn)
        except OSError:
            return self._hang_up(conn)
        return self._hand_over(conn)

    def _wait(self, conn: Any) -> None:
        """Until the rest comes. A head has to be whole in time, a body only may not fall silent."""
        conn.timeout = SILENCE_S + (conn.arriving.since if conn.arriving.needs is None else time.monotonic())
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _hand_over(self, conn: Any) -> None:
        if not conn.initialized:
            conn.init()
            conn.data_ready = True
            conn.parser.unreader = LastWords(conn.sock)
        conn.parser.unreader.unread(bytes(conn.arriving.data))
        pool = self._room(conn.arriving)
        done = pool.submit(self.handle, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def _room(self, arriving: Arriving) -> ThreadPoolExecutor:
        """The threads that a request is answered by."""
        if not arriving.whole:
            return self.waiting
        if arriving.uploads:
            return self.asking
        api: ThreadPoolExecutor = self.tpool
        return self.fetching if arriving.fetched else api

    def handle(self, conn: Any) -> Any:
        """Answer one request. Where its end was missing, nobody knows where the next one begins."""
        return super().handle(conn) and not conn.parser.unreader.ended

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Keep the connection, or let a thread see it off: that may take two seconds."""
        self._forget(conn)
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1
            # Who is still sending reads the refusal only if the line is not torn under it.
            self.waiting.submit(close_graceful, conn.sock, max_drain=SEEN_OFF)

    def murder_pending(self) -> None:
        """End those whose time is up."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self._hang_up(conn)

    def _hang_up(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: Any) -> None:
        self.taken_in -= len(conn.arriving.data)
        conn.arriving.data = bytearray()


def _limit_silence(sock: socket.socket) -> None:
    """In the kernel: gunicorn sets Python's own timeout of a socket back to none."""
    for option, seconds in ((socket.SO_RCVTIMEO, SILENCE_S), (socket.SO_SNDTIMEO, DEAF_S)):
        sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


def _told_the_end(application: Any, environ: dict[str, Any], start_response: Any) -> Any:
    """A refusal before the end of a large body ends its connection; unsaid, the next request on it
    would meet a closed one.
    """

    def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if getattr(environ["wsgi.input"].reader, "length", 0) > UNREAD:
            start_response.__self__.force_close()
        return start_response(status, headers, exc_info)

    return application(environ, begin)
