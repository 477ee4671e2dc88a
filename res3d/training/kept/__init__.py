"""What a run keeps in the place of the weights that it trains: their averages, and statistics that fit them."""
