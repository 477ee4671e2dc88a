"""Windows over long videos, and what happens at each of their steps."""
