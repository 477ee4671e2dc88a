"""Parts of JSON that are read here and not by `json`: long lists of numbers, and nesting beyond its stack."""
