"""What a server asks of those who ask it: tokens, and certificates for TLS. Checked here, and never told."""

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = ("content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "expect", "upgrade")
_KEY, _TEXT = re.compile(r"[0-9a-z_.-]+"), re.compile(r"[\x20-\x7e]*")
_SHORTEST_SECRET = 6  # characters; shorter ones are words that an answer may well have


def check_headers(headers):
    """{name: value} as HTTP can carry them.

    Raises:
        ValueError: with the name, never the value.
    """
    checked = {}
    for name, value in _pairs(headers, "headers").items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            raise ValueError("`headers` must have names of HTTP headers, and none that the client sets itself "
                             f"({', '.join(_OURS)}). Received: {name!r}.")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ValueError(f"`headers` must have values that are one line of text. The value of {name!r} is not.")
        checked[name] = value.strip()
    return checked


def check_metadata(metadata):
    """(key, value) pairs as gRPC can carry them, keys in small letters.

    Raises:
        ValueError: with the key, never the value.
    """
    checked = []
    for key, value in _pairs(metadata, "metadata").items():
        key = key.lower() if isinstance(key, str) else key
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key.startswith("grpc-"):
            raise ValueError("`metadata` must have keys of small letters, digits and - _ . that do not begin with "
                             f"grpc-. Received: {key!r}.")
        binary = key.endswith("-bin")
        if not isinstance(value, bytes) if binary else not isinstance(value, str) or not _TEXT.fullmatch(value):
            raise ValueError(f"`metadata` must have values that are {'bytes' if binary else 'one line of ASCII text'}"
                             f". The value of {key!r} is not.")
        checked.append((key, value))
    return tuple(checked)


def _pairs(given, what):
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"`{what}` must be a dict of names and values. Received a {type(given).__name__}.")
    return dict(given)


class Secrets:
    """Values that no message may have: whatever else it is made of, a server's answer too.

    >>> Secrets({"authorization": "Bearer 12345678"}.values()).hidden("no such token: 12345678")
    'no such token: ...'
    """

    def __init__(self, values):
        texts = [value for value in values if isinstance(value, str)]
        words = {word for text in texts for word in (text, *text.split())}
        self._words = sorted((word for word in words if len(word) >= _SHORTEST_SECRET), key=len, reverse=True)

    def hidden(self, text):
        for word in self._words:
            text = text.replace(word, "...")
        return text


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Files for TLS: whom to trust, and who we are. None is the system's, and nobody.

    Args:
        ca: path. Certificates to trust, PEM.
        cert: path. The client's own certificate, PEM; with its key in it, or in `key`.
        key: path.

    Raises:
        ValueError: for a key without a certificate, and for files that are not PEM, or of a key that is locked.
        OSError: for files that cannot be read.
    """

    ca: str | os.PathLike | None = None
    cert: str | os.PathLike | None = None
    key: str | os.PathLike | None = None

    def __post_init__(self):
        if self.key is not None and self.cert is None:
            raise ValueError("`key` is the key of a certificate. Received: key= without cert=.")
        if self.ca is not None or self.cert is not None:
            self.context()

    def context(self) -> "ssl.SSLContext":
        """An SSL context that trusts and shows them."""
        import ssl  # a tenth of the time that a client takes to start, which most spend on plain HTTP or gRPC

        for path in (self.ca, self.cert, self.key):
            if path is not None:
                _read(path)  # its errors name the file, those of ssl do not
        try:
            made = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError as error:
            raise ValueError("`ca` must be a file of certificates in PEM form. Received: "
                             f"{os.fspath(self.ca or '')!r} ({_said(error)}).") from None
        if self.cert is not None:
            try:
                made.load_cert_chain(self.cert, self.key, password=_locked)
            except ssl.SSLError as error:
                raise ValueError("`cert` and `key` must be PEM files of a certificate and its own key. Received: "
                                 f"{os.fspath(self.cert)!r} and {os.fspath(self.key or self.cert)!r} "
                                 f"({_said(error)}).") from None
        return made

    def for_grpc(self):
        """(roots, key, certificate chain) as bytes or None, as gRPC takes them."""
        roots = None if self.ca is None else _read(self.ca)
        if self.cert is None:
            return roots, None, None
        return roots, _read(self.cert if self.key is None else self.key), _read(self.cert)


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _said(error):
    return (error.reason or str(error).partition(" (_ssl")[0]).replace("_", " ").lower()


def _locked():
    raise ValueError("`key` must be without a password, which nobody is there to type. Unlock it with openssl pkey.")
