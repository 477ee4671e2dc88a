"""A file over HTTP, going on where it stopped, and the reasons why it does not arrive."""

import errno
import os
import re
import shutil
import time
import urllib.parse
import urllib.request

import urllib3

from res3d.terminal.progress import bar
from res3d.weights.errors import FetchError, without_secrets

TRIES = 4  # without a byte further than before
WAIT = 0.5  # seconds before the second try; each further one waits twice as long
TIMEOUT = urllib3.Timeout(connect=15, read=30)
CHUNK = 1 << 15
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that another try may not meet
HUB = "https://huggingface.co"


class BrokenError(Exception):
    """A transfer that ended early; another try may go on with it."""


def receive(source, to, address):
    """Makes `to.part` the whole file at `source`; what has arrived before is kept where the server can go on.

    Args:
        source: http:// or https:// address to ask, which may be a mirror's.
        to: Place.
        address: str, the published address that errors name.

    Raises:
        FetchError: if it does not arrive.
    """
    left, wait, furthest = TRIES, WAIT, _size(to.part)
    while True:
        try:
            return _once(source, to, address)
        except BrokenError as error:
            arrived = _size(to.part)
            left, wait = (TRIES, WAIT) if arrived > furthest else (left - 1, wait * 2)
            furthest = max(furthest, arrived)  # a file that is begun anew has to come further than it did
            if not left:
                kept = f" {arrived:,} bytes are kept, and the next try goes on from there." if arrived else ""
                raise FetchError(address, f"{error}, {TRIES} times.{kept}") from error
            time.sleep(wait)


def _once(source, to, address):
    response = _ask(source, to, address)
    try:
        have, total = _agree(response, to, address)
        if have and have == total:
            return
        _check_room(to.folder, total, have, address)
        with (open(to.part, "ab" if have else "wb") as file,
              bar(total, to.file.name, "B", initial=have, unit_scale=True) as counted):
            for number, data in enumerate(_chunks(response)):
                if not have and not number and data.lstrip()[:1] == b"<":
                    raise FetchError(address, "the server answers with a web page instead of the file. The address "
                                              "may have moved, or a proxy or portal may be in between.")
                _write(file, data, address)
                counted.update(len(data))
    finally:
        response.close()
    arrived = _size(to.part)
    if total is not None and arrived != total:
        if arrived > total:
            to.drop_part()
        raise BrokenError(f"{arrived:,} of {total:,} bytes arrived")


def _ask(source, to, address):
    """The server's answer, its headers read and its body not."""
    have, headers = _size(to.part), {"Accept-Encoding": "identity", "User-Agent": "res3d"}
    token = os.environ.get("HF_TOKEN")
    if token and source.startswith(f"{hub()}/"):
        headers["Authorization"] = f"Bearer {token}"  # which does not follow a redirect to another host
    if have:
        headers["Range"] = f"bytes={have}-"
        version = to.arriving.get("version")
        if version:
            headers["If-Range"] = version
    retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=8)
    try:
        response = _pool(source).request("GET", source, headers=headers, preload_content=False, timeout=TIMEOUT,
                                         retries=retries, enforce_content_length=False)  # what came is kept
    except urllib3.exceptions.MaxRetryError as error:
        if isinstance(error.reason, urllib3.exceptions.ResponseError):
            raise FetchError(address, "its redirects lead nowhere.") from error
        raise BrokenError(f"the server cannot be reached ({_short(error.reason)})") from error
    except urllib3.exceptions.HTTPError as error:
        raise BrokenError(f"the server cannot be reached ({_short(error)})") from error
    if source.startswith("https:") and (response.url or source).startswith("http:"):
        response.close()
        raise FetchError(address, f"it redirects to {without_secrets(response.url)}, which anybody in between could "
                                  "change.")
    return response


def _agree(response, to, address):
    """(bytes already here, bytes of the whole file or None) after a look at the answer's headers."""
    have, status = _size(to.part), response.status
    if status in PASSING:
        raise BrokenError(f"the server answers {status} {response.reason or ''}".rstrip())
    if status == 416:
        total = _number(r"bytes \*/(\d+)", response.headers.get("Content-Range"))
        if have and total == have:
            return have, total
        to.drop_part()
        raise BrokenError("the server has no more of the file than has arrived")
    if status == 206:
        start = _number(r"bytes (\d+)-", response.headers.get("Content-Range"))
        total = _number(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range"))
        if start != have or total != to.arriving.get("total"):
            to.drop_part()
            raise BrokenError("the server goes on with another file")
        return have, total
    if status != 200:
        raise FetchError(address, f"the server answers {status} {response.reason or ''}".rstrip() + ".")
    total = _number(r"(\d+)", response.headers.get("Content-Length"))
    to.drop_part()
    tag = response.headers.get("ETag") or ""
    version = tag if tag.startswith('"') else response.headers.get("Last-Modified")
    _keep(lambda: to.expect(version=version, total=total), address)
    return 0, total


def _chunks(response):
    try:
        yield from response.stream(CHUNK)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise BrokenError(f"the server was silent for {TIMEOUT.read_timeout:g} seconds") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise BrokenError(f"the connection broke off ({_short(error)})") from error


def _write(file, data, address):
    def write():
        file.write(data)
        file.flush()  # so that a full disk is met here, and a killed process leaves what it has

    _keep(write, address)


def _keep(step, address):
    try:
        step()
    except OSError as error:
        raise no_room(address, error) from error


def no_room(address, error):
    """The error for a cache that cannot take the file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FetchError(address, f"there is no room for it ({error.strerror}). Make room, or set RES3D_HOME to a "
                                   "folder on another disk.")
    return FetchError(address, f"its place in the cache cannot be written ({error.strerror}: {error.filename}). Set "
                               "RES3D_HOME to a folder that can.")


def _check_room(folder, total, have, address):
    free = shutil.disk_usage(folder).free
    if total is not None and total - have > free:
        raise FetchError(address, f"there is no room for it: {total - have:,} bytes are to come and {free:,} are free "
                                  f"in {folder}. Make room, or set RES3D_HOME to a folder on another disk.")


def _pool(source):
    """Connections to a server, through the proxy that the environment names for it, if any."""
    parts = urllib.parse.urlsplit(source)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}")
    return urllib3.PoolManager()


def hub():
    """The hub's address, `HF_ENDPOINT` or its own."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def _number(pattern, text):
    found = re.match(pattern, text or "")
    return int(found[1]) if found else None


def _short(error):
    return re.sub(r"<[^>]*>:? ?", "", str(error)) or type(error).__name__


def _size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
