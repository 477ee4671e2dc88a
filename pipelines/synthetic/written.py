"""A folder of generated videos, which is written whole, and only where it is not there yet."""

import json
import os
import shutil

RECORD = "synthetic.json"


def write_once(folder, record, fill):
    """Has a folder filled aside, and renames it; leaves one as it is that already holds the same.

    Args:
        folder: absolute path.
        record: JSON-ready dict. What decides the videos; it is kept beside them.
        fill: function of the path of an empty folder.

    Raises:
        ValueError: if `folder` holds something else.
    """
    if os.path.isdir(folder) and os.listdir(folder):
        if _written(folder) != record:
            raise ValueError(f"Expected an empty folder, or one with the same generated videos. '{folder}' holds "
                             "something else. Name another folder, or remove it.")
        return
    aside = f"{folder}.part"
    shutil.rmtree(aside, ignore_errors=True)
    os.makedirs(aside)
    fill(aside)
    with open(os.path.join(aside, RECORD), "w", encoding="utf-8") as file:
        json.dump(record, file, indent=2)
    if os.path.isdir(folder):
        os.rmdir(folder)
    os.replace(aside, folder)


def _written(folder):
    try:
        with open(os.path.join(folder, RECORD), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
