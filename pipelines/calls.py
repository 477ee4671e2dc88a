"""Python called from tf.data's threads, and made to stop before the interpreter does.

A thread that comes back from decoding while Python shuts down brings the whole process down with it ("terminate called
without an active exception"), as happens when a script ends, or fails, with a half-read dataset still in a variable.
"""

import atexit

from pipelines.dataset.graph import _GATE

atexit.register(_GATE.close)


