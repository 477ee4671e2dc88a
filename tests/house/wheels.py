"""Builds sdist and wheel, looks into them, and installs the wheel alone with every Python that is here to try it.

    python tests/house/wheels.py dist

A Python that the package claims and this machine lacks is named and left out. `PYTHONS`, paths separated by colons,
names those to take; otherwise they are looked for on the path and in pyenv's folder. setuptools and wheel must be
installed where this runs; pip fetches what the wheel declares, without a lock file.
"""

import argparse
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("res3d", "pipelines", "serving")
VERSIONS = ("3.11", "3.12", "3.13")
BUILD_SDIST = "import sys, setuptools.build_meta as backend; print(backend.build_sdist(sys.argv[1]))"


def project_files(root=ROOT):
    """Paths of the project's own files, relative to `root`: what git tracks, or everything where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = sorted(set(listed.stdout.split("\0")) - {""})
        return [name for name in names if (root / name).is_file()]
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*")
                  if path.is_file() and not {"__pycache__", ".git"} & set(path.parts))


def build(output):
    """Builds the sdist from a copy of the tree and the wheel from the sdist; returns both paths."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as copy:
        for name in project_files():
            target = pathlib.Path(copy, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
        run(sys.executable, "-c", BUILD_SDIST, output, cwd=copy)
    sdist = newest(output, "*.tar.gz")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--disable-pip-version-check",
        "--wheel-dir", output, sdist)
    return sdist, newest(output, "*.whl")


def differences(sdist, wheel):
    """What the archives lack or hold too much of, one sentence each; nothing where they are right."""
    files = project_files()
    wanted = {name for name in files if name.split("/")[0] in ROOMS}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    with tarfile.open(sdist) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    shipped = {name for name in files if not name.startswith(".")}
    said = [f"the wheel lacks {name}" for name in sorted(wanted - held)]
    said += [f"the wheel must not hold {name}" for name in sorted(held - wanted)]
    return said + [f"the sdist lacks {name}" for name in sorted(shipped - source)]


def interpreters():
    """{version: path or None} of the Pythons that the package claims, as `VERSIONS` lists them."""
    named = [path for path in os.environ.get("PYTHONS", "").split(":") if path]
    found = {}
    for version in VERSIONS:
        places = named or [shutil.which(f"python{version}"), sys.executable,
                           *sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python")))]
        found[version] = next((path for path in places if path and version_of(path) == version), None)
    return found


def version_of(python):
    """"3.12" and its like, or "" for what does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def try_wheel(python, wheel, folder):
    """Installs `wheel` with what it declares into a fresh environment below `folder`, and runs the smoke test there."""
    run(python, "-m", "venv", folder / "venv")
    inside = folder / "venv" / "bin" / "python"
    run(inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    run(inside, "-m", "pip", "check", "--disable-pip-version-check")
    (folder / "empty").mkdir()
    return run(inside, "-I", ROOT / "tests" / "house" / "smoke.py", cwd=folder / "empty").splitlines()[-1]


def newest(folder, pattern):
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime)


def run(*words, cwd=None):
    """Runs a program and keeps what it says for when it fails."""
    words = [str(word) for word in words]
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\nexit {done.returncode}: {' '.join(words)}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", nargs="?", default="dist", help="folder for sdist and wheel (default: %(default)s)")
    args = parser.parse_args()
    sdist, wheel = build(pathlib.Path(args.output).resolve())
    if wrong := differences(sdist, wheel):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print(f"built {sdist.name} and {wheel.name}", flush=True)
    for version, python in interpreters().items():
        if python is None:
            print(f"Python {version}: skipped, not on this machine", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(f"Python {version}: {try_wheel(python, wheel, pathlib.Path(folder))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
