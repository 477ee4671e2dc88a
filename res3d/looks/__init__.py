"""One look for all pages that the project writes: a stylesheet, a script for reading, charts, how a page is made."""
