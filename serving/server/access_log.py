"""One JSON object a line for every request that was answered."""

import json
import sys
import threading
import time


class AccessLog:
    """Writes to a file that is opened for appending, or to standard output for "-".

    Args:
        path: str.
    """

    def __init__(self, path):
        self._file = sys.stdout if path == "-" else open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115
        self._lock = threading.Lock()

    def write(self, entrypoint, client, request, model, status, seconds):
        """Adds a line.

        Args:
            entrypoint: str. "REST" or "GRPC".
            client: str. The address asked from.
            request: str. Verb and path, or the method's name.
            model: str. Empty where none was named.
            status: int or str. HTTP's number or gRPC's name.
            seconds: float. Until the answer was ready.
        """
        line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "via": entrypoint,
                           "client": client, "request": request, "model": model, "status": status,
                           "ms": round(seconds * 1e3, 3)}, ensure_ascii=True)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self):
        if self._file is not sys.stdout:
            self._file.close()
