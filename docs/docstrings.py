"""Makes the site show docstrings as they are meant: `>>>` examples as code, and the facts at their end in bold.

A griffe extension, named in mkdocs.yml; it runs in the environment that builds the site.
"""

import re

import griffe

FACTS = ("Input shape", "Output shape", "Reference", "Weights", "Returns", "Raises", "Attributes")


class Docstrings(griffe.Extension):
    """Rewrites each docstring before it is parsed."""

    def on_object(self, *, obj, **kwargs):
        """Called once for every object that is read."""
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value)


def shown(text):
    """A docstring's text with examples fenced and one-line facts set apart.

    >>> shown("Adds.\\n\\n>>> 1 + 1\\n2").splitlines()[2:]
    ['```pycon', '>>> 1 + 1', '2', '```']
    """
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith(">>> "):
            paragraph = f"```pycon\n{paragraph.rstrip()}\n```"
        elif not paragraph.startswith(" "):
            paragraph = re.sub(rf"^({'|'.join(FACTS)}): (?=\S)", r"\n**\1:** ", paragraph, flags=re.MULTILINE).lstrip()
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)
