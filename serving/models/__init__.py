"""What a server answers for: versions found, loaded, swapped, described, and what each is asked."""
