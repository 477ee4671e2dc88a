from .clips import clip_indices as clip_indices
from .clips import clip_span as clip_span
from .clips import resampled as resampled
from .clips import resampled_times as resampled_times
from .clips import segment_indices as segment_indices
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import Protocol as Protocol
from .protocols import protocol as protocol
