"""From labelled long videos to a network that says when something happens, and its answers."""
