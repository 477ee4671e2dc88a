"""Version folders as disks and mistakes leave them: each is END with its reason, and all else goes on."""

import contextlib
import os
import shutil
import time

import pytest

from serving.models.lifecycle import Lifecycle
from tests.conformance.test_lifecycle import FAST, eventually, one_model, predict, publish, states

INDEX = "variables/variables.index"
PIPE = "is neither a file nor a folder"


def _file_for_variables(folder):
    shutil.rmtree(folder / "variables")
    (folder / "variables").write_text("no folder")


def _cut(folder):
    os.truncate(folder / INDEX, 30)


def _zeros(folder):
    size = (folder / INDEX).stat().st_size
    (folder / INDEX).write_bytes(bytes(size))


def _zeros_but_the_end(folder):
    content = (folder / INDEX).read_bytes()
    (folder / INDEX).write_bytes(bytes(len(content) - 48) + content[-48:])


def _pipe(place):
    def become(folder):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).unlink(missing_ok=True)
        os.mkfifo(folder / place)

    return become


def _folder_for_model(folder):
    (folder / "saved_model.pb").unlink()
    (folder / "saved_model.pb").mkdir()


def _empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


ODD = [
    (_file_for_variables, "variables/variables.index cannot be read: Not a directory"),
    (_cut, "variables/variables.index ends early"), (_zeros, "variables/variables.index ends early"),
    (_zeros_but_the_end, "variables/variables.index is damaged"), (_pipe("saved_model.pb"), PIPE), (_pipe(INDEX), PIPE),
    (_pipe("assets.extra/tf_serving_warmup_requests"), PIPE), (_pipe("batching_params.pbtxt"), PIPE),
    (_folder_for_model, "saved_model.pb cannot be read"), (_empty, "saved_model.pb is not there"),
]


@pytest.fixture
def base(tmp_path, built):
    folder = tmp_path / "m"
    folder.mkdir()
    publish(built / "line", folder, 1)
    for number, (spoil, _) in enumerate(ODD, 2):
        shutil.copytree(built / "triple", folder / str(number))
        spoil(folder / str(number))
    return folder


def reasons(running):
    entries = running.http.get("/v1/models/m").json()["model_version_status"]
    return {int(entry["version"]): entry["status"]["error_message"] for entry in entries}


def test_odd_versions_at_the_start_end_with_a_reason_and_the_others_come_and_go(serve, base, built, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    publish(built / "line", other, 1)
    config = tmp_path / "models.config"
    second = f'}} config {{ name: "other" base_path: "{other}" model_platform: "tensorflow"'
    config.write_text(one_model(base, "model_version_policy { all {} }" + second))
    with serve(model_config_file=str(config), **FAST) as running:
        assert predict(running) == 2.5
        eventually(lambda: states(running), {1: "AVAILABLE", **dict.fromkeys(range(2, len(ODD) + 2), "END")})
        found = reasons(running)
        for number, (_, reason) in enumerate(ODD, 2):
            assert reason in found[number]
        publish(built / "triple", base, 90)
        eventually(lambda: predict(running), 5.0)
        publish(built / "triple", other, 2)
        eventually(lambda: predict(running, "/v1/models/other"), 5.0)
        shutil.rmtree(base / "2")
        publish(built / "triple", base, 2)
        eventually(lambda: states(running)[2], "AVAILABLE")


def test_a_version_that_comes_and_goes_ends_nothing(serve, tmp_path, built):
    base = tmp_path / "m"
    base.mkdir()
    publish(built / "line", base, 1)
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            shutil.copytree(built / "triple", base / "2", ignore=shutil.ignore_patterns("variables.data*"))
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(base / "2")
        assert predict(running) == 2.5
        publish(built / "triple", base, 3)
        eventually(lambda: predict(running), 5.0)


@pytest.mark.slow
def test_a_defect_of_one_look_is_told_and_the_next_look_comes(serve, tmp_path, built, monkeypatch):
    base = tmp_path / "m"
    base.mkdir()
    publish(built / "line", base, 1)
    with serve(model_base_path=str(base), model_name="m", **FAST) as running:
        advance, discover = Lifecycle._advance, Lifecycle._discover
        looks = []

        def fail(self, model, version, now):
            if version.number == 2:
                raise RuntimeError("a defect of ours")
            return advance(self, model, version, now)

        def fail_once(self, model, config):
            looks.append(config)
            if len(looks) == 1:
                raise RuntimeError("another")
            return discover(self, model, config)

        monkeypatch.setattr(Lifecycle, "_advance", fail)
        monkeypatch.setattr(Lifecycle, "_discover", fail_once)
        publish(built / "triple", base, 2)
        eventually(lambda: states(running).get(2), "END")
        assert "a defect of ours" in reasons(running)[2]
        publish(built / "triple", base, 3)
        eventually(lambda: predict(running), 5.0)
        assert len(looks) > 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_version_without_rights(serve, tmp_path, built):
    base = tmp_path / "m"
    base.mkdir()
    publish(built / "line", base, 1)
    publish(built / "triple", base, 2)
    (base / "2").chmod(0)
    config = tmp_path / "models.config"
    config.write_text(one_model(base, "model_version_policy { all {} }"))
    try:
        with serve(model_config_file=str(config), **FAST) as running:
            eventually(lambda: states(running), {1: "AVAILABLE", 2: "END"})
            assert "Permission denied" in reasons(running)[2]
    finally:
        (base / "2").chmod(0o755)
