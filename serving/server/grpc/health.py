"""grpc.health.v1: SERVING while the server does."""

from grpc_health.v1 import health


class Health(health.HealthServicer):
    """grpc.health.v1, whose watchers do not keep a server from ending."""

    def leave(self):
        """Says NOT_SERVING to everybody who watches or asks, and lets the watchers go."""
        self.enter_graceful_shutdown()
        with self._lock:
            watchers = [watcher for several in self._send_response_callbacks.values() for watcher in several]
        for watcher in watchers:
            watcher(None)
