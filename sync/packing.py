"""Bodies over thin lines: gzip (RFC 1952) and zstd (RFC 8878) both ways, bounded while inflating."""

import zlib

import zstandard

SMALLEST = 1_024  # bytes; below it packing costs more than it saves
GZIP_LEVEL, ZSTD_LEVEL = 1, 3  # the server's processor is scarcer than the last tenth of the line
WINDOW = 8 * 1024 * 1024  # a frame that wants a larger one is refused before it costs memory
ENCODINGS = ("zstd", "gzip")


class CannotUnpack(ValueError):
    """The body is not what its Content-Encoding says."""


class TooLarge(ValueError):
    """The body inflates to more than the limit; nothing beyond it was inflated."""


def unpack(data: bytes, encoding: str, limit: int) -> bytes:
    """The inflated body. Raises CannotUnpack, TooLarge, and LookupError for another encoding."""
    if encoding in ("", "identity"):
        out = data
    elif encoding == "gzip":
        out = _gunzip(data, limit)
    elif encoding == "zstd":
        out = _unzstd(data, limit)
    else:
        raise LookupError(encoding)
    if len(out) > limit:
        raise TooLarge(limit)
    return out


def _gunzip(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        out = inflater.decompress(data, limit + 1)
    except zlib.error as wrong:
        raise CannotUnpack(str(wrong)) from None
    if len(out) <= limit and not inflater.eof:
        raise CannotUnpack("the gzip body ends early")
    return out


def _unzstd(data: bytes, limit: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(data) as reader:
            out = reader.read(limit + 1)
    except zstandard.ZstdError as wrong:
        raise CannotUnpack(str(wrong)) from None
    if not out:
        raise CannotUnpack("the zstd body holds nothing")
    return out


def pack(data: bytes, accepted: str) -> tuple[bytes, str | None]:
    """The body as the best encoding that `accepted` (an Accept-Encoding header) allows, and its name."""
    if len(data) < SMALLEST:
        return data, None
    allowed = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";q=")
        allowed[name.strip()] = quality.strip() not in ("0", "0.0", "0.00", "0.000")
    for encoding in ENCODINGS:
        if allowed.get(encoding):
            return packed(data, encoding), encoding
    return data, None


def packed(data: bytes, encoding: str) -> bytes:
    """The body in one of ENCODINGS."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(data)
    deflater = zlib.compressobj(GZIP_LEVEL, wbits=31)
    return deflater.compress(data) + deflater.flush()
