"""Folders of files of which the name alone matters, and what stands in a list of them."""

from pipelines.manifest import read_manifest


def make(folder, *names):
    """Makes empty files of these names below `folder`, and returns it."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def read(folder, data, name="clips.csv", **options):
    """The manifest of a file of these bytes in `folder`."""
    (folder / name).write_bytes(data)
    return read_manifest(folder / name, **options)
