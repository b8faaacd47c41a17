"""A sender as the tests need one: its name, the body of its request, the digest that it declares."""

import hashlib
import io

DEVICE = "device-1"


class Body:
    """A request body as a server hands it in: at most `step` bytes a read, then cut or at an end."""

    def __init__(self, data: bytes, *, step: int = 1 << 20, cut: bool = False) -> None:
        self._file = io.BytesIO(data)
        self._step = step
        self._cut = cut

    def __call__(self, size: int) -> bytes:
        data = self._file.read(min(size, self._step))
        if not data and self._cut:
            raise ConnectionResetError("the client is gone")
        return data


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
