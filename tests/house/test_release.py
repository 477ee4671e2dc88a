"""What is released agrees with itself: version, citation, files of the wheel, Pythons. `make wheels` tries the rest."""

import importlib.metadata
import pathlib
import re
import sys
import tarfile
import zipfile

import setuptools
import yaml

import res3d
from tests.house import floors, wheels

ROOT = pathlib.Path(__file__).resolve().parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
# https://github.com/citation-file-format/citation-file-format/blob/1.2.0/schema-guide.md
KEYS = {"abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
        "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
        "repository-code", "title", "type", "url", "version"}
ENTITY = {"address", "alias", "city", "country", "date-end", "date-start", "email", "fax", "location", "name", "orcid",
          "post-code", "region", "tel", "website"}


def setup(monkeypatch):
    """What setup.py passes to setuptools."""
    given = {}
    monkeypatch.setattr(setuptools, "setup", lambda **arguments: given.update(arguments))
    monkeypatch.chdir(ROOT)
    exec(compile((ROOT / "setup.py").read_text(encoding="utf-8"), str(ROOT / "setup.py"), "exec"),
         {"__file__": str(ROOT / "setup.py"), "__name__": "__main__"})
    return given


def test_versions_agree(monkeypatch):
    given = setup(monkeypatch)
    assert given["version"] == res3d.__version__ == CITATION["version"]
    assert f"\n## {given['version']} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert given["license"] == CITATION["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_what_was_renamed_is_where_the_changelog_says():
    table = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n| was | is |\n")[2].partition("\n\n")[0]
    told = [cell for line in table.splitlines()[1:] for cell in re.findall("`([^`]+)`", line.split(" | ")[1])]
    places = [name for name in told if name.partition(".")[0] in floors.PACKAGES]
    assert len(places) > 30
    for name in places:
        module = floors.module_of(name)
        *between, last = name.removeprefix(module).split(".")
        path = ROOT / module.replace(".", "/")
        files = [file for file in (path.with_suffix(".py"), path / "__init__.pyi") if file.is_file()]
        assert between in ([], [""]), name
        assert not last or any(re.search(rf"\b{last}\b", file.read_text(encoding="utf-8")) for file in files), name


def test_the_citation_has_the_form_that_readers_of_such_files_expect():
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] in ("software", "dataset")
    assert {"authors", "cff-version", "message", "title"} <= CITATION.keys() <= KEYS
    assert all(author.keys() <= ENTITY and author["name"] for author in CITATION["authors"])
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(CITATION["date-released"]))
    for key in ("abstract", "message", "title", "version"):
        assert isinstance(CITATION[key], str)
    assert len(set(CITATION["keywords"])) == len(CITATION["keywords"])


def test_the_pythons_that_are_claimed_are_those_that_are_tried(monkeypatch):
    given = setup(monkeypatch)
    claimed = [name.rpartition(" ")[2] for name in given["classifiers"] if name.startswith("Programming Language")]
    assert claimed == list(wheels.VERSIONS)
    low, high = re.fullmatch(r">=(3\.\d+),<3\.(\d+)", given["python_requires"]).groups()
    assert (low, f"3.{int(high) - 1}") == (claimed[0], claimed[-1])
    assert "Python 3.11 to 3.13" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_of_the_packages_is_data_that_the_wheel_takes_along(monkeypatch):
    given = setup(monkeypatch)
    for room in wheels.ROOMS:
        taken = {path for pattern in given["package_data"][room] for path in (ROOT / room).glob(pattern)}
        for name in wheels.project_files():
            if name.startswith(f"{room}/") and not name.endswith(".py"):
                assert ROOT / name in taken, f"package_data of {room} leaves out {name}"
        assert (ROOT / room / "py.typed") in taken


BY_NAME = {  # needed, though no file of the packages imports it
    "httptools": "uvicorn parses requests with it",
    "s3fs": "fsspec reads s3:// with it",
    "aiohttp": "fsspec reads http:// with it",
}


def normal(requirement):
    """The name in a requirement, as package indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement).group()).lower()


def imported(inside):
    """{module from elsewhere that the packages import: distributions here that provide it, or else its own name}."""
    providers = importlib.metadata.packages_distributions()
    tops = {name.partition(".")[0] for package in floors.PACKAGES for path in floors.modules(package)
            for name in floors.imports(path, inside)}
    tops -= {*sys.stdlib_module_names, *floors.PACKAGES}
    return {top: {normal(name) for name in providers.get(top, [top])} for top in tops}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(monkeypatch):
    given = setup(monkeypatch)
    always = {normal(line) for line in given["install_requires"]}
    extra = {normal(line) for name, lines in given["extras_require"].items() if name != "dev" for line in lines}
    found = imported(inside=True)
    assert not {top: names for top, names in found.items() if not names & (always | extra)}, "not in setup.py"
    assert (always | extra) - set().union(*found.values()) == BY_NAME.keys(), "in setup.py, and imported nowhere"
    at_the_top = imported(inside=False)
    assert not {top: names for top, names in at_the_top.items() if not names & always}, "only in an extra"


def archives(folder, wheel, sdist):
    """A wheel and an sdist that hold empty files of these names."""
    with zipfile.ZipFile(folder / "a.whl", "w") as archive:
        for name in wheel:
            archive.writestr(name, "")
    with tarfile.open(folder / "a.tar.gz", "w") as archive:
        for name in sdist:
            archive.addfile(tarfile.TarInfo(f"res3d-1/{name}"))
    return folder / "a.tar.gz", folder / "a.whl"


def test_what_archives_lack_or_hold_too_much_of_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(wheels, "project_files", lambda: ["res3d/a.py", "res3d/py.typed", "setup.py", ".gitignore"])
    whole = ["res3d/a.py", "res3d/py.typed"]
    assert wheels.differences(*archives(tmp_path, [*whole, "res3d-1.dist-info/RECORD"], [*whole, "setup.py"])) == []
    assert wheels.differences(*archives(tmp_path, ["res3d/a.py", "tests/b.py"], whole)) == [
        "the wheel lacks res3d/py.typed", "the wheel must not hold tests/b.py", "the sdist lacks setup.py"]


def test_a_python_that_is_not_here_is_named(monkeypatch):
    monkeypatch.setenv("PYTHONS", "/nowhere/python")
    assert wheels.interpreters() == dict.fromkeys(wheels.VERSIONS)
