"""When a run of clips answers "none of these": chosen on videos held out and on background, and kept to by all."""
