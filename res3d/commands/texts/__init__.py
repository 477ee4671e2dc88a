"""What commands say of themselves."""
