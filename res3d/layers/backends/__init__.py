"""Forms of one operation that each backend is fast at, or has at all."""
