"""The transport for an address: gRPC's or REST's, and refused what the one that it is has no use for."""

from serving.client.access import Certificates
from serving.client.addresses import parse, shown


def connect(address, model=None, version=None, label=None, *, ca=None, cert=None, key=None, headers=None,
            metadata=None):
    """The transport for an address; see `Client`."""
    place = parse(address, model, version, label)
    if not place.tls and any(path is not None for path in (ca, cert, key)):
        raise ValueError("`ca`, `cert` and `key` are for TLS: https://HOST:PORT/MODEL or grpcs://HOST:PORT/MODEL. "
                         f"Received: {shown(address)!r}.")
    certificates = Certificates(ca, cert, key)
    if place.interface == "rest":
        if metadata:
            raise ValueError("`metadata` is for gRPC; REST has `headers`. Received: metadata= for "
                             f"{shown(address)!r}.")
        from serving.client.rest import RestTransport  # late: urllib3 takes 0.07 s of a first call over gRPC

        return RestTransport(place.host, place.path, place.tls, certificates, headers)
    if headers:
        raise ValueError(f"`headers` are for REST; gRPC has `metadata`. Received: headers= for {shown(address)!r}.")
    from serving.client.grpc import GrpcTransport  # late: it imports gRPC, and messages that TensorFlow ships

    return GrpcTransport(place.host, place.model, place.version, place.label, place.tls, certificates, metadata,
                         direct=place.local)
