from .addresses import is_remote as is_remote
from .addresses import join as join
from .addresses import shown as shown
from .files import exists as exists
from .files import is_folder as is_folder
from .files import list_folder as list_folder
from .files import openable as openable
from .files import read_bytes as read_bytes
