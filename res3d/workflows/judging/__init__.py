"""What a figure of a network is worth: on which videos, against what, and how sure."""
