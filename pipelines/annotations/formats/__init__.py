"""One module a layout of annotations, with `knows(path)` and `read(path, options)`."""
