"""Any number of clips through a session, which may take a fixed number at once."""

import numpy as np


def in_turns(session, clips, most=None):
    """{name: array} of a session's answers for all clips, in their order.

    Args:
        session: of `opening.open_file`.
        clips: uint8 `(n, *clip.shape)`, one or more.
        most: int or None. Clips of one run where the session leaves that open; None is all of them.

    Raises:
        ValueError, SessionError: as of the session's `run`.
    """
    size = session.batch or most or len(clips)
    parts = []
    for start in range(0, len(clips), size):
        part = clips[start:start + size]
        whole = part[np.arange(session.batch or len(part)) % len(part)]  # a last one filled up with clips of its own
        parts.append({name: values[:len(part)] for name, values in session.run(whole).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
