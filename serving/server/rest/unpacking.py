"""Bodies that come packed: gzip as RFC 1952 has it, any number of members one after another."""

import re
import zlib

_MAGIC = b"\x1f\x8b"
_FIRST, _LARGEST = 1 << 10, 1 << 20  # bytes fed at once: few for short members, so that many of them stay cheap
_MOST_MEMBERS = 10_000
_FILLING = re.compile(rb"\0*")  # tapes fill up their blocks


def is_gzip(coding):
    """Whether a Content-Encoding header names gzip; codings know no capitals.

    >>> is_gzip("GZIP"), is_gzip("identity, x-gzip"), is_gzip("br"), is_gzip("")
    (True, True, False, False)
    """
    return "gzip" in coding.lower()


def unpacked(body, most):
    """A gzip body unpacked; b"" where it is damaged or has more than `most` bytes, which reads as an empty document.

    What follows the last member without being one is ignored, as gzip does.

    >>> import gzip
    >>> unpacked(gzip.compress(b"one ") + gzip.compress(b"two"), 100), unpacked(gzip.compress(b"long"), 3)
    (b'one two', b'')
    """
    parts, size, at = [], 0, 0
    try:
        while not parts or body.startswith(_MAGIC, at):
            if len(parts) == _MOST_MEMBERS:
                return b""
            content, at = _member(body, at, most - size)
            parts.append(content)
            size += len(content)
            at = _FILLING.match(body, at).end()
    except zlib.error:
        return b""
    return b"".join(parts)


def _member(body, at, room):
    """The member that begins at `at`, and where it ends."""
    unpacker, parts, step = zlib.decompressobj(wbits=31), [], _FIRST
    while not unpacker.eof:
        piece = body[at:at + step]
        if not piece:
            raise zlib.error("The member ends early.")
        part = unpacker.decompress(piece, room + 1)
        room -= len(part)
        if room < 0:
            raise zlib.error("There is more than may be.")
        parts.append(part)
        at, step = at + len(piece), min(2 * step, _LARGEST)
    return b"".join(parts), at - len(unpacker.unused_data)
