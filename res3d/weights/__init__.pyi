from .errors import CheckpointError as CheckpointError
from .formats.checkpoint import read_checkpoint as read_checkpoint
from .inflation import inflate as inflate
from .load import load_weights as load_weights
from .sources import recognise as recognise
