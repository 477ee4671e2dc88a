"""Answers to be looked at: pages, and pictures with words and heat maps on them."""
