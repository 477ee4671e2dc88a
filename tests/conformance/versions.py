"""Versions published while a server looks on, and how it is asked to look often."""

import os
import shutil

FAST = {"file_system_poll_wait_seconds": 0.05, "load_retry_interval_micros": 10_000, "max_num_load_retries": 1,
        "incomplete_version_wait_seconds": 0.5}


def publish(source, base, version):
    """A whole version in one rename, as exports appear."""
    staging = base / f".staging-{version}"
    shutil.copytree(source, staging)
    os.rename(staging, base / str(version))


def configure(path, text):
    """A configuration in one rename: half a file, and an empty one above all, may be one as well."""
    aside = path.with_suffix(".aside")
    aside.write_text(text)
    os.replace(aside, path)
