from .contract import SpanSpec as SpanSpec
from .decoding import decode as decode
from .live import LiveSpans as LiveSpans
from .span import Span as Span
from .span import temporal_iou as temporal_iou
from .windows import WindowAverage as WindowAverage
from .windows import probabilities as probabilities
from .windows import window_starts as window_starts
