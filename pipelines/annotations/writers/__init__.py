"""One module a form that labels are written in, with `write(spans, path, options)`, which gives what it left out."""
