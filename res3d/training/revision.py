"""The commit that a run was made with."""

import os
import subprocess


def revision():
    """The git commit that the package is checked out at, `+` where files differ from it; None outside a checkout.

    An installed copy may lie in somebody else's checkout, as in PROJECT/.venv: git must know this very file.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        git = ["git", "-C", here]
        subprocess.run([*git, "ls-files", "--error-unmatch", __file__], capture_output=True, check=True, timeout=20)
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=20)
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True,
                                 timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() + ("+" if changed.stdout.strip() else "")
