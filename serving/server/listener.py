"""Sockets that listen, and the one line that says why one cannot."""

import socket


def bind(host, port, flag):
    """A TCP socket bound to an address, not listening yet.

    Args:
        host: str.
        port: int. 0 takes any free one.
        flag: str. The flag that named the port, for the error.

    Raises:
        OSError: if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's delay off only where it reads TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise in_use(flag, f"{host}:{port}", error.strerror or str(error)) from None
    return bound


def in_use(flag, address, reason):
    """The OSError for an address that cannot be listened on."""
    return OSError(f"--{flag} must name an address that nobody else listens on. Received: {address} ({reason}). Stop "
                   f"what listens there, or choose another --{flag}.")
