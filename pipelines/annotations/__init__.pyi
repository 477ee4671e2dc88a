from .entries import Entry as Entry
from .entries import Manifest as Manifest
from .entries import Missing as Missing
from .labels import load_labels as load_labels
from .labels import save_labels as save_labels
from .reading import FORMATS as FORMATS
from .spans import Span as Span
from .spans import Spans as Spans
