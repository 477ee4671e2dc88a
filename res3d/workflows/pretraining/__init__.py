"""What a network learns before there are videos."""
