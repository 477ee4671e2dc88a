"""Networks that score steps of long videos, to version folders."""
