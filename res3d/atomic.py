"""Files that appear whole or not at all."""

import os


def write_aside(path, content):
    """Writes text or bytes beside `path` and renames, so that a reader sees the old file or the whole new one."""
    aside = f"{os.fspath(path)}.part"
    with open(aside, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode(errors="surrogateescape"))
    os.replace(aside, path)
