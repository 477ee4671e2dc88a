"""The text of a list, whatever wrote it: UTF-8, with or without a mark, or UTF-16; nothing else is guessed at."""

import codecs
import csv
import io

from pipelines.storage import folders
from pipelines.storage.addresses import shown

MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # in this order: the first begins as the third does
LOOKED_AT = 1 << 15  # bytes of a file's beginning that tell its layout
SEPARATORS = (",", ";", "\t")


def read_text(path, limit=None, names=False):
    """A file's text, without a mark at its beginning; line ends as they are.

    Args:
        path: path or address.
        limit: int or None. Bytes of the beginning to read; what they cut in two is no error.
        names: bool. Keep bytes that are no text, since names of files need not be, as `os.fsdecode` does.

    Raises:
        ValueError: names the file and the line of what is neither UTF-8 nor UTF-16.
    """
    data = folders.read_bytes(path, limit).removeprefix(codecs.BOM_UTF8)
    encoding = next((encoding for mark, encoding in MARKS if data.startswith(mark)), None) or _unmarked(data)
    try:
        return data.decode(encoding or "utf-8", _errors(encoding, limit, names))
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise ValueError(f"Expected text in '{shown(path)}'. It begins as {encoding.upper()} does, and is not: "
                             f"{error.reason}. Save it as UTF-8.") from None
        line = data[data.rfind(b"\n", 0, error.start) + 1:].split(b"\n")[0]
        raise not_text(path, data.count(b"\n", 0, error.start) + 1, line) from None


def not_text(path, number, line):
    """The ValueError for a line, as bytes, that is not UTF-8."""
    meant = line.strip()[:60].decode("cp1252", "replace")
    return ValueError(f"Expected text in UTF-8 in '{shown(path)}'. Line {number} is not: {line.strip()[:60]!r}, which "
                      f"in Windows-1252 reads {meant!r}. Save the file as UTF-8: `iconv -f cp1252 -t utf-8`.")


def not_text_of(path, value):
    """As `not_text`, for the line of a file, or of a folder's lists, in which a value stands."""
    line = value.encode("utf-8", "surrogateescape")
    data = folders.read_bytes(path) if folders.is_file(path) else b""
    return not_text(path, data.count(b"\n", 0, max(data.find(line), 0)) + 1, line)


def check_text(values, path, number):
    """ValueError for a line with a value, such as a label, that is not text: it could be neither shown nor saved."""
    for value in values:
        if value and not is_text(value):
            raise not_text(path, number, value.encode("utf-8", "surrogateescape"))


def is_text(value):
    """Whether a str holds characters alone, and no bytes that were none.

    >>> is_text("Café"), is_text(b"Caf\\xe9".decode("utf-8", "surrogateescape"))
    (True, False)
    """
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def lines_of(text):
    """Lines of a text, whatever their ends, which are taken off."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def separated(text):
    """(separator, rows, lines before): what a CSV's rows are separated by, as its header tells, and a reader of them.

    A first line `sep=;`, which some spreadsheets want, is passed over. Where each name of the header has a space before
    it, spaces before the cells below are none of theirs.

    >>> separator, rows, before = separated('"path";"label"\\n')
    >>> separator, next(rows), before
    (';', ['path', 'label'], 0)
    """
    before = 0
    head = next((line for line in lines_of(text[:LOOKED_AT]) if line.strip()), "")
    if head.strip().lower().startswith("sep=") and len(head.strip()) == 5:
        text, before = text[text.index(head) + len(head):].lstrip("\r\n"), 1
        head = lines_of(text[:LOOKED_AT])[0]
    widths = {separator: len(next(csv.reader([head], delimiter=separator), [])) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda separator: widths[separator])  # of equals the first
    spaced = separator in head and all(part.startswith(" ") for part in head.split(separator)[1:])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=spaced)
    return separator, rows, before


def held_in(path):
    """What a file or folder holds, in a few words for messages."""
    if folders.is_folder(path):
        return "a folder"
    head = read_text(path, LOOKED_AT, names=True).strip()
    if not head:
        return "an empty file"
    kinds = {"[": "a JSON list", "{": "a JSON object"}
    first = next(line for line in lines_of(head) if line.strip())
    return f"{kinds[head[0]]}, {first[:60]!r}" if head[0] in kinds else f"text that begins {first[:60]!r}"


def _errors(encoding, limit, names):
    if encoding is not None:
        return "strict" if limit is None else "ignore"
    return "strict" if limit is None and not names else "surrogateescape"


def _unmarked(data):
    """The UTF-16 of a text without a mark, in which every other byte of a header is zero, or None."""
    head = data[:256]
    for encoding, zeros, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if len(head) > 3 and zeros.count(0) > 0.4 * len(zeros) and others.count(0) < 0.2 * len(others):
            return encoding
    return None
