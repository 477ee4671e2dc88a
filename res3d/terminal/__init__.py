"""What commands show on a terminal: how far they are, and tables no wider than it."""
