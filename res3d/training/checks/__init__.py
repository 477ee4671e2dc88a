"""What a recipe may say, field by field and of two fields together."""
