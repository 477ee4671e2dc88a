from .clip_dataset import ClipDataset as ClipDataset
from .evaluation import evaluation_clips as evaluation_clips
from .evaluation import evaluation_views as evaluation_views
from .quarantine import Quarantine as Quarantine
from .training import training_clips as training_clips
from .windows.span_set import SpanSet as SpanSet
from .windows.training import training_windows as training_windows
