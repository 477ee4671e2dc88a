"""A whole server: flags and settings, sockets, logs, metrics, and the two edges."""
