"""What a request can be refused with: a status code of gRPC, its HTTP status, and the message on the wire."""

HTTP_STATUS = {  # TensorFlow Serving's mapping; every code that is not named here answers 500
    "OK": 200, "CANCELLED": 499, "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504,
}
CODES = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
         "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
         "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")


class ServingError(Exception):
    """A refusal that both edges know how to say. The message is part of the wire contract.

    Args:
        code: str. A gRPC status code by name, one of `CODES`, or the number that TensorFlow gives.
        message: str.

    >>> ServingError("NOT_FOUND", "no such model").http_status
    404
    >>> ServingError(3, "bad shape").code
    'INVALID_ARGUMENT'
    """

    def __init__(self, code: str | int, message: str) -> None:
        super().__init__(message)
        if isinstance(code, int):
            code = CODES[code] if 0 < code < len(CODES) else "UNKNOWN"
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """The status of an HTTP answer."""
        return HTTP_STATUS.get(self.code, 500)

    @property
    def number(self) -> int:
        """The code as gRPC counts it."""
        return CODES.index(self.code)


def invalid(message):
    """The refusal of a request that cannot be right: INVALID_ARGUMENT, HTTP 400."""
    return ServingError("INVALID_ARGUMENT", message)


def servable_not_found(name, version=None):
    """No version of the model can answer. Clients wait for readiness by looking for the word Servable."""
    wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return ServingError("NOT_FOUND", f"Servable not found for request: {wanted}")


def from_exception(error):
    """Whatever was raised as a ServingError; what nobody foresaw becomes INTERNAL with its text."""
    if isinstance(error, ServingError):
        return error
    if isinstance(error, MemoryError):
        return ServingError("RESOURCE_EXHAUSTED", "The server has no memory left for this request.")
    return ServingError("INTERNAL", f"{type(error).__name__}: {error}")
