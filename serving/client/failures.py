"""Why a server could not be asked, in words that say what to do: TLS, a proxy, or nobody there."""

import os
import re
import socket
import ssl
import urllib.parse

from pipelines.storage.addresses import without_secrets

_TLS = re.compile(r"(?i)handshake failed|verification check failed|security handshaker|CERTIFICATE_|SSL_ERROR")
_BESIDE = re.compile(r"^failed to connect.*?last error: \w+: \S+ |( \(_ssl\.c:\d+\)|: OK)?\.?$")
_WANTS_ONE = re.compile(r"(?i)certificate required|after the handshake|"
                        r"alert (?:unknown ca|handshake failure|bad certificate|certificate unknown)")
_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")  # in gRPC's order, and in small letters alone
_SKIPPING = ("no_grpc_proxy", "no_proxy")
_DROPPED = "the connection was closed after the handshake"
_PATIENCE = 1.0  # seconds for a look at what a server speaks


def is_tls(text):
    """Whether gRPC's words tell of TLS."""
    return bool(_TLS.search(text))


def tls_told(host, reason):
    """What is said of a connection that TLS did not come about on."""
    text = _BESIDE.sub("", str(reason))
    if "WRONG_VERSION" in text or "RECORD_LAYER" in text.upper().replace(" ", "_") or "HTTP_REQUEST" in text:
        advice = "It does not speak TLS there: ask grpc:// or http://, or another port"
    elif _WANTS_ONE.search(text):
        advice = "It wants a certificate of its clients that it trusts: pass cert= and key= (--cert, --key)"
    elif re.search(r"(?i)hostname|mismatch|not valid for", text):
        advice = "Its certificate is of another name: ask it by that name"
    elif re.search(r"(?i)expired|not yet valid", text):
        advice = "Renew its certificate, or set the clock"
    else:
        advice = "Pass ca=, a file with the certificates to trust (--ca)"
    return f"TLS with {host} failed: {text}. {advice}"


def tls_of(host, context, timeout):
    """What a look at a server that closes connections shows: "" if TLS works, why it does not, or None for no TLS.

    Args:
        host: str. HOST:PORT.
        context: SSL context of the client, or None to trust anybody.
        timeout: float. Seconds.
    """
    anybody = context is None
    if anybody:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    place, patience = urllib.parse.urlsplit(f"//{host}"), max(min(timeout, _PATIENCE), 0.01)
    try:
        with (socket.create_connection((place.hostname, place.port or 443), patience) as plain,
              context.wrap_socket(plain, server_hostname=place.hostname) as secure):
            return "" if anybody else _heard(secure)
    except ssl.SSLError as error:
        return None if anybody else str(error)
    except OSError:
        return None


def _heard(secure):
    """As `tls_of`: what a server of TLS 1.3 thinks of the client's certificate it says after the handshake."""
    try:
        return "" if secure.recv(1) else _DROPPED
    except TimeoutError:
        return ""
    except ConnectionError:
        return _DROPPED


def proxy_of(host):
    """The environment's variable that sends gRPC's calls to a host through a proxy, as it may be told, or ""."""
    name = urllib.parse.urlsplit(f"//{host}").hostname or ""
    variable = next((variable for variable in _VARIABLES if os.environ.get(variable)), None)
    skipped = os.environ.get(_SKIPPING[0]) or os.environ.get(_SKIPPING[1], "")
    if variable is None or any(part and name.endswith(part.strip().lstrip(".")) for part in skipped.split(",")):
        return ""
    return f"{variable}={without_secrets(os.environ[variable])}"
