"""A page out of a template: one file, in the one look, that asks for nothing and runs no script but ours."""

import base64
import functools
import hashlib
import pathlib

HERE = pathlib.Path(__file__).parent


@functools.cache
def style():
    """The stylesheet that all pages share, as text."""
    return (HERE / "style.css").read_text(encoding="utf-8")


@functools.cache
def script():
    """The script that all written pages share, as text."""
    return (HERE / "reading.js").read_text(encoding="utf-8")


def policy(code):
    """A Content-Security-Policy under which a page loads nothing and runs the script `code` alone.

    A label or a file name that got past the escaping would still be dead text.

    >>> policy("1;").split("; ")[:2]
    ["default-src 'none'", "script-src 'sha256-CImjRDTlhukYQ2AnxOi0wzgPhGQ3Mb3rVwJK24dFz1M='"]
    """
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return (f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
            "base-uri 'none'; form-action 'none'")


def render(folder, template, **values):
    """A page as text.

    Args:
        folder: where the template lies.
        template: file name in it; it begins with `{% extends "page.html.j2" %}`.
        values: what the template shows; strings are escaped.
    """
    import jinja2

    loader = jinja2.FileSystemLoader([folder, HERE])
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "count": count, "middle": middle}
    return environment.get_template(template).render(style=style(), script=script(), policy=policy(script()), **values)


def percent(share, digits=1):
    """A share as people read it.

    >>> percent(0.5), percent(1.0), percent(None)
    ('50.0 %', '100 %', '–')
    """
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{100 * share:.{digits}f} %"


def middle(text, most):
    """A text of at most so many letters, cut in its middle, as names that look alike often differ at their ends.

    >>> middle("walking to the door 12", 14), middle("up", 14)
    ('walking…door 12', 'up')
    """
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:].lstrip()}"


def count(number, word):
    """A number with its word.

    >>> count(1, "video"), count(2, "class"), count(20000, "video")
    ('1 video', '2 classes', '20 000 videos')
    """
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{number:,} ".replace(",", " ") + (word if number == 1 else plural)
