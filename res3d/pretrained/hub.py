"""Preset folders to the Hugging Face hub, by its own optional package."""

import os
import re

from res3d.pretrained.preset import CARD, CHECK, FACTS, read_facts

SCHEME = "hf://"
FILES = ("config.json", "metadata.json", "model.weights.h5", "assets/*", FACTS, CHECK, CARD)


def push_preset(folder: str | os.PathLike, address: str, *, private: bool = False) -> str:
    """Uploads a preset folder; the repository is made where there is none. Only a preset's own files go.

    Args:
        folder: one that `save_preset` wrote.
        address: str. `hf://org/name`; the token is the one that `hf auth login` or `HF_TOKEN` gives.
        private: bool. For a repository that is made.

    Returns: str, the address of the commit.

    Raises:
        ValueError: for another address, or a folder that is no preset.
        ImportError: without the package `huggingface_hub`.
    """
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)", address)
    if not match:
        raise ValueError(f"A preset is pushed to {SCHEME}ORGANISATION/NAME. Received: {address!r}.")
    facts = read_facts(folder)
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError("Pushing to the hub needs its own package: pip install huggingface_hub. The folder "
                          f"'{os.fspath(folder)}' is written and can be uploaded by other means.") from error
    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    api.create_repo(match[1], private=private, exist_ok=True)
    commit = api.upload_folder(repo_id=match[1], folder_path=os.fspath(folder), allow_patterns=list(FILES),
                               commit_message=f"{facts['model']} from res3d")
    return str(getattr(commit, "commit_url", commit))
