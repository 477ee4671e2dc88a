"""What a recipe should be for these videos and this machine: rules over facts."""
