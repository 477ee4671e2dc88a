"""The browser that looks at pages: for the picture of the README, and for the tests of pages."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu")


def command(profile):
    """How a command begins that runs Chromium without a window, with a profile of its own; None where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return None if found is None else [found, *HEADLESS, f"--user-data-dir={profile}"]
