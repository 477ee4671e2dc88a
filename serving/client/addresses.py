"""A server's address taken apart: which interface, which host, which model. Opens nothing."""

import dataclasses
import re
import urllib.parse

FORM = "grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL"
SCHEMES = {"grpc": ("grpc", False), "grpcs": ("grpc", True), "http": ("rest", False), "https": ("rest", True)}
_API = "/v1/models"
_MODEL = re.compile(r"/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?/?")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+(?:%[\w.~-]+)?\]|[^\s/:\[\]@?#\\]+)(?::(\d+))?")
_LARGEST_VERSION = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class ServerAddress:
    """Where a model is served.

    Args:
        interface: "grpc" or "rest".
        tls: bool.
        host: str. HOST:PORT, or unix:PATH.
        prefix: str. The path before `/v1`, with a slash in front, or "".
        model: str.
        version: int or None.
        label: str or None.
    """

    interface: str
    tls: bool
    host: str
    prefix: str
    model: str
    version: int | None = None
    label: str | None = None

    @property
    def path(self) -> str:
        """The model's path over REST."""
        place = f"/versions/{self.version}" if self.version is not None else ""
        place = f"/labels/{_quoted(self.label)}" if self.label is not None else place
        return f"{self.prefix}{_API}/{_quoted(self.model)}{place}"

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        found = _HOST.fullmatch(self.host)
        name = found[1].strip("[]").lower() if found else self.host
        return name.startswith("unix:") or name in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d+){3}", name))


def parse(address, model=None, version=None, label=None):
    """A `ServerAddress`; `model`, `version` and `label` say what the address does not.

    Raises:
        ValueError: for what is no address, has what means nothing to a server, or says a thing twice; secrets in it
            are not quoted.

    >>> parse("https://host/team/v1/models/actions/labels/stable").path
    '/team/v1/models/actions/labels/stable'
    >>> parse("localhost:8500/actions").interface
    'grpc'
    """
    refused = _Refusal(address)
    if address.startswith("unix:"):
        return _checked(ServerAddress("grpc", False, address, "", model or "", version, label), refused)
    scheme, separator, rest = address.partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("grpc", address)
    if scheme not in SCHEMES:
        raise refused(f"must be {FORM}")
    if re.search(r"[?#]", rest):
        raise refused("has no query, which a server would refuse; write `?` and `#` of a name as %3F and %23, and pass "
                      "a token with headers= or metadata=")
    host, slash, path = rest.partition("/")
    if "@" in host or re.match(r"[^/:]*:(?!\d+/)[^/]*/.*@", rest):
        raise refused("has no user and no password; pass them with headers= (REST) or metadata= (gRPC)")
    _check_host(host, refused)
    interface, tls = SCHEMES[scheme]
    prefix, name, number, tag = _parts(slash + path, refused)
    if prefix and interface == "grpc":
        raise refused(f"has no path before the model with gRPC, whose paths are fixed: {FORM}")
    if name and model not in (None, name):
        raise refused(f"names the model a second time: model={model!r}")
    if (number or tag) and (version, label) not in ((None, None), (number, tag)):
        raise refused("has at most one of version and label, and no other beside it")
    return _checked(ServerAddress(interface, tls, host, prefix, name or model or "", version if number is None else
                                  number, label if tag is None else tag), refused)


def _check_host(host, refused):
    found = _HOST.fullmatch(host)
    if not found:
        raise refused(f"must be {FORM}, and a server must be named HOST:PORT, an IPv6 address in brackets")
    if found[2] is not None and not 1 <= int(found[2]) <= 65535:
        raise refused("must have a port from 1 to 65535")


def _parts(path, refused):
    """(prefix, model, version, label) of a path; "" and None for what it lacks."""
    before, api, after = path.rpartition(_API)
    if api and (not after or after[0] in "/:") and re.fullmatch(r"(/[^/:@]+)*", before):
        prefix, place = before, after.rstrip("/") and after
    else:
        found = re.fullmatch(r"((?:/[^/:@]+)*?)(/[^/]+(?:/(?:versions|labels)/[^/]+)?)?/?", path)
        if not found:
            raise refused(f"must be {FORM}, its parts not empty, and without colons")
        prefix, place = found[1], found[2] or ""
    if not place:
        return prefix, "", None, None
    found = _MODEL.fullmatch(place)
    if not found:
        verb = "; leave out what follows the name" if re.search(r":\w+$|/metadata$", place) else ""
        raise refused(f"must be {FORM}, or end in /v1/models/MODEL, /versions/N or /labels/LABEL behind it{verb}")
    label = found[3] and urllib.parse.unquote(found[3])
    return prefix, urllib.parse.unquote(found[1]), found[2] and int(found[2]), label


def _checked(address, refused):
    if not address.model:
        raise refused(f"must be {FORM}", " without a model")
    if address.version is not None and address.label is not None:
        raise refused("has at most one of version and label")
    if address.version is not None and not 0 <= address.version <= _LARGEST_VERSION:
        raise refused(f"must have a version from 0 to {_LARGEST_VERSION}")
    return address


class _Refusal:
    """Makes the error for one address."""

    def __init__(self, address):
        self.address = address

    def __call__(self, rule, after=""):
        return ValueError(f"A server's address {rule}. Received: {shown(self.address)!r}{after}.")


def shown(address):
    """An address as it may be told: without what stands before an `@` or behind a `?`.

    >>> shown("grpc://user:se/cret@host:1/m?token=1")
    'grpc://host:1/m?...'
    """
    scheme, separator, rest = address.rpartition("://") if "://" in address else ("", "", address)
    rest = rest.rpartition("@")[2]
    place, sign, _ = rest.partition("?") if "?" in rest else rest.partition("#")
    return f"{scheme}{separator}{place}{sign}{'...' * bool(sign)}"


def _quoted(text):
    return urllib.parse.quote(text, safe="")
