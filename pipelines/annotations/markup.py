"""XML that strangers have written, read without what makes it dangerous: no document types, no entities, no depth."""

import contextlib
import xml.parsers.expat
from xml.etree import ElementTree

from pipelines.annotations.text import LOOKED_AT, held_in
from pipelines.storage import folders
from pipelines.storage.addresses import plain, shown

DEEPEST = 100  # elements inside one another, of which annotations have fewer than ten
LARGEST = 1 << 28  # bytes


def root_of(path, suffixes):
    """The name of the outermost element of a file with one of `suffixes`, as far as its beginning tells; or None."""
    if not plain(path).lower().endswith(suffixes) or not folders.is_file(path):
        return None
    found = []
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append(name)
    with contextlib.suppress(xml.parsers.expat.ExpatError):
        parser.Parse(folders.read_bytes(path, LOOKED_AT), False)
    return found[0] if found else None


def read_xml(path):
    """The outermost element of an XML file.

    Raises:
        ValueError: for what is no XML, declares a document type or entities, is nested too deeply or too large.
    """
    data = folders.read_bytes(path, LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"Expected at most {LARGEST >> 20} MiB of XML in '{shown(path)}'. It is larger. Export its "
                         "videos one by one.")
    builder, depth = ElementTree.TreeBuilder(), 0

    def start(name, attributes):
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"Expected annotations in '{shown(path)}'. Received elements inside one another, over "
                             f"{DEEPEST} deep. Export it again.")
        builder.start(name, attributes)

    def end(name):
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*declared):
        raise ValueError(f"Expected annotations in '{shown(path)}'. Received XML that declares {declared[0]!r} as a "
                         "document type or an entity, which no annotation tool does. Take the declaration out.")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (xml.parsers.expat.ExpatError, LookupError) as error:
        raise ValueError(f"Expected XML in '{shown(path)}'. It holds {held_in(path)}, which is none: {error}. Repair "
                         "the file.") from None
    return builder.close()
