"""Folders of files of which the name alone matters."""


def make(folder, *names):
    """Makes empty files of these names below `folder`, and returns it."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder
