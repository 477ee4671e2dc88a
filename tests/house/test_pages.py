"""An error that a page of the documentation solves names that page."""

import pathlib

import pytest
from absl.testing import flagsaver

from pipelines.video.info import VideoError
from res3d.commands import main as console
from res3d.commands.texts import pages
from res3d.weights.errors import CheckpointError

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failing:
    EXAMPLE = "res3d models"
    error = ValueError("A recipe is a .yaml file or one of demo. Received: 'dmo'. Did you mean demo?")

    @staticmethod
    def add_flags(parser):
        pass

    @classmethod
    def run(cls, args):
        raise cls.error


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setattr(console.importlib, "import_module", lambda name: Failing)


def test_the_line_of_an_error_ends_with_its_page(failing, capsys):
    assert console.main(["models"]) == 1
    assert capsys.readouterr().err == (
        "res3d models: error: A recipe is a .yaml file or one of demo. Received: 'dmo'. Did you mean demo? "
        "See docs/reference/recipes.md\n")


def test_a_traceback_ends_with_it_too(failing):
    with flagsaver.flagsaver(verbosity=1), pytest.raises(ValueError, match="A recipe") as caught:
        console.main(["models"])
    assert caught.value.__notes__ == ["See docs/reference/recipes.md"]


@pytest.mark.parametrize("message", list(pages.messages()))
def test_every_message_finds_its_own_page(message):
    page = pages.page_of(ValueError(message.replace("…", "`this`")))
    assert page == pages.DOCS + pages.messages()[message]
    assert (ROOT / page.partition("#")[0]).is_file()


def test_an_error_without_a_page_has_none():
    assert pages.page_of(ValueError("wanted a horse")) is None


@pytest.mark.parametrize("error", [VideoError("a.mp4", "the file is empty"), CheckpointError("a.pth", "it is empty.")])
def test_errors_with_a_type_of_their_own_name_it_in_python_as_well(error):
    assert error.__notes__ == [f"See {pages.page_of(error)}"]


def test_the_site_has_no_address_that_links_should_begin_with():
    assert "site_url" not in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert (ROOT / pages.DOCS).is_dir()
