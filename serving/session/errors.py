"""What may go wrong where a SavedModel runs."""


class SessionError(Exception):
    """What TensorFlow's C++ code refused: `code` as in error_codes.proto, `message` as it said it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class LibraryError(ImportError):
    """No TensorFlow C library could be opened here; the message says which file and why."""
