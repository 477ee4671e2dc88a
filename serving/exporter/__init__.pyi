from .saved_model import export as export
from .signature import make_signatures as make_signatures
from .steps.saved_model import export_spans as export_spans
