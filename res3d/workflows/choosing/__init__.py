"""From videos and a machine to a recipe: facts looked up, times measured, rules asked."""
