"""Digests of files: whole, or the first eight figures that publishers put into names."""

import hashlib

KINDS = {8: "sha256", 32: "md5", 40: "sha1", 64: "sha256"}  # by how many figures there are


def kind_of(digest):
    """The algorithm of a digest, by its length.

    Raises:
        ValueError: for what is no digest.

    >>> kind_of("b3b3357e")
    'sha256'
    """
    if len(digest) not in KINDS or set(digest.lower()) - set("0123456789abcdef"):
        raise ValueError("A digest has 64 hexadecimal figures of SHA-256 or its first 8, 40 of SHA-1 or 32 of MD5. "
                         f"Received: {digest!r}.")
    return KINDS[len(digest)]


def digest_of(path, kind="sha256"):
    """The digest of a file in hexadecimal figures."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def fits(path, digest):
    """Whether a file has `digest`, of any kind and length that `kind_of` knows."""
    return digest_of(path, kind_of(digest)).startswith(digest.lower())
