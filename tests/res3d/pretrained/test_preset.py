"""A model as a folder: loaded by plain Keras and by name, checked by its own clip, described on its card, pushed."""

import json
import sys
import types

import keras
import numpy as np
import pytest

import res3d
from res3d.commands.main import main
from res3d.pretrained.card import front_matter
from res3d.pretrained.origin import Origin, remember
from res3d.pretrained.preset import check_scores, sample_clip, scores
from tests.res3d.catalogue import stir
from tests.res3d.pretrained.conftest import CLIP, RESULT


def test_the_folder_is_that_of_keras_and_a_little_more(folder, model):
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "check.npz", "config.json", "metadata.json", "model.weights.h5", "res3d.json"]
    plain = keras.saving.load_model(folder)
    clip = sample_clip(CLIP)
    np.testing.assert_array_equal(scores(plain, clip), scores(model, clip))
    assert (folder / "check.npz").stat().st_size < 20_000


def test_a_preset_knows_what_it_is(folder, model):
    loaded = res3d.load_preset(folder)
    for ours, theirs in zip(loaded.weights, model.weights):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    origin = res3d.origin_of(loaded)
    assert (origin.labels, origin.clip, origin.network) == (("a", "b", "c"), CLIP, "resnet_10")
    assert (origin.top1, origin.top5, origin.protocol) == (74.58, 91.63, "10 clips x 3 crops")
    assert origin.licence == "CC-BY-NC-4.0"
    facts = json.loads((folder / "res3d.json").read_text(encoding="utf-8"))
    assert res3d.ClipSpec.from_dict(facts["clip"]) == CLIP
    assert facts["results"] == [RESULT]


@pytest.mark.slow
def test_a_preset_is_weights_for_build(folder, model):
    again = res3d.build("resnet_10", weights=folder, width=0.125)
    assert again.output_shape == (None, 3)
    assert res3d.origin_of(again).labels == ("a", "b", "c")
    clip = sample_clip(CLIP)
    np.testing.assert_array_equal(scores(again, clip), scores(model, clip))


@pytest.mark.slow
def test_other_weights_than_were_saved_are_noticed(model, tmp_path):
    folder = tmp_path / "changed"
    res3d.save_preset(model, folder)
    other = stir(res3d.build("resnet_10", 3, CLIP, width=0.125), seed=1)
    other.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.weights.h5").replace(folder / "model.weights.h5")
    with pytest.raises(ValueError, match=r"must give the scores in its check\.npz within 0\.001 of the largest\. They "
                                         r"are [0-9.e+]+ apart\. Get the folder again"):
        res3d.load_preset(folder)
    assert res3d.load_preset(folder, check=False).output_shape == (None, 3)
    assert check_scores(model, folder) < 1e-6


def test_a_folder_that_is_half_written_is_none(model, tmp_path, monkeypatch):
    folder = tmp_path / "half"
    res3d.save_preset(model, folder)

    def full(*args, **options):
        raise OSError("No space left on device")
    monkeypatch.setattr("res3d.pretrained.preset.np.savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        res3d.save_preset(model, folder)
    with pytest.raises(FileNotFoundError, match=r"res3d\.json"):
        res3d.load_preset(folder)
    assert not [path for path in folder.iterdir() if "part" in path.name]


@pytest.mark.parametrize(("text", "message"), [("<html>", "must be JSON, as save_preset writes it"),
                                               ('{"format": 9}', r"must be of format 1\. Received: 9\. It may need"),
                                               ("[]", r"must be of format 1\. Received: \[\]")])
def test_damaged_facts_are_told(text, message, tmp_path):
    (tmp_path / "res3d.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        res3d.load_preset(tmp_path)


def test_labels_must_be_those_of_the_classes(model, tmp_path):
    with pytest.raises(ValueError, match=r"`labels` must name the model's 3 classes\. Received: 2 labels\."):
        res3d.save_preset(model, tmp_path / "a", labels=["x", "y"])
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("metric", "figure"), [
    ("top-1", "top1"), pytest.param("mAP", "mAP", marks=pytest.mark.slow)])
def test_what_was_published_about_weights_goes_along(metric, figure, tmp_path):
    model = res3d.build("resnet_10", 2, CLIP, width=0.125)
    origin = Origin("slow_r50/pytorchvideo/kinetics400", "resnet_10", CLIP, ("no", "yes"), metric=metric, top1=74.6,
                    protocol="10 x 3", licence="Apache-2.0", address="https://example.org/a.pyth")
    remember(model, origin)
    facts = res3d.save_preset(model, tmp_path / "p")
    assert facts["labels"] == ["no", "yes"]
    assert facts["results"] == [{"dataset": "kinetics400", "protocol": "10 x 3", figure: 74.6, "published": True}]
    assert facts["source"]["address"] == "https://example.org/a.pyth"
    assert f"| kinetics400 | 10 x 3 | {figure} 74.6 (published by its makers) |" in (
        (tmp_path / "p" / "README.md").read_text(encoding="utf-8"))
    assert res3d.origin_of(res3d.load_preset(tmp_path / "p")) == origin


def test_the_card_is_what_the_hub_reads(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, front, page = text.split("---\n", 2)
    values = {name: json.loads(value) for name, _, value in (line.partition(": ") for line in front.splitlines())}
    assert values["library_name"] == "keras"
    assert values["pipeline_tag"] == "video-classification"
    assert values["license"] == "cc-by-nc-4.0"
    assert values["datasets"] == ["kinetics400"]
    [result] = values["model-index"][0]["results"]
    assert result["dataset"] == {"name": "kinetics400", "type": "kinetics400"}
    assert result["metrics"] == [{"type": "accuracy", "name": "top-1", "value": 74.58},
                                 {"type": "accuracy", "name": "top-5", "value": 91.63}]
    assert "Labels: a, b, c." in page
    assert values["metrics"] == ["accuracy"]
    assert not any(line.startswith(("license", "model-index")) for line in front_matter(
        {"results": [], "licence": "ask its makers", "model": "m"}))


def test_the_hubs_own_client_reads_the_card(folder):
    hub = pytest.importorskip("huggingface_hub", reason="needs the hub's client: pip install res3d[hub]")
    card = hub.ModelCard.load(folder / "README.md")
    assert (card.data.model_name, card.data.license) == ("resnet_10", "cc-by-nc-4.0")
    assert [(result.dataset_name, result.metric_name, result.metric_value) for result in card.data.eval_results] == [
        ("kinetics400", "top-1", 74.58), ("kinetics400", "top-5", 91.63)]


def test_a_data_set_without_a_name_on_the_hub_is_only_in_the_results():
    lines = front_matter({"licence": "", "model": "m", "results": [{"dataset": "own videos", "mAP": 3}]})
    assert not any(line.startswith("datasets") for line in lines)
    assert 'metrics: ["mAP"]' in lines
    assert '"dataset": {"name": "own videos", "type": "own-videos"}' in lines[-1]


@pytest.fixture
def hub(monkeypatch):
    """A stand-in for the hub's package: what was asked of it, in order."""
    asked = []

    class Api:
        def __init__(self, endpoint=None):
            asked.append(("api", endpoint))

        def create_repo(self, repo, **options):
            asked.append(("create", repo, options))

        def upload_folder(self, **options):
            asked.append(("upload", options))
            return types.SimpleNamespace(commit_url="https://hub/org/name/commit/1")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=Api))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return asked


def test_pushing_uploads_a_presets_own_files(folder, hub):
    assert res3d.push_preset(folder, "hf://org/name", private=True) == "https://hub/org/name/commit/1"
    assert hub[:2] == [("api", "http://127.0.0.1:9"), ("create", "org/name", {"private": True, "exist_ok": True})]
    options = hub[2][1]
    assert (options["repo_id"], options["folder_path"]) == ("org/name", str(folder))
    assert {"model.weights.h5", "res3d.json", "README.md"} <= set(options["allow_patterns"])


def test_pushing_elsewhere_or_without_the_package(folder, monkeypatch):
    with pytest.raises(ValueError, match=r"pushed to hf://ORGANISATION/NAME\. Received: 'https://hub/x'"):
        res3d.push_preset(folder, "https://hub/x")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"needs its own package: pip install huggingface_hub\. The folder .*waving'"):
        res3d.push_preset(folder, "hf://org/name")


@pytest.mark.slow
def test_the_command(model, tmp_path, hub, capsys):
    model.save(tmp_path / "m.keras")
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    assert main(["export", "--format=preset", f"--model={tmp_path / 'm.keras'}", f"--output={tmp_path / 'preset'}",
                 "--push=hf://org/name"]) in (0, None)
    said = json.loads(capsys.readouterr().out)
    assert (said["classes"], said["address"]) == (3, "https://hub/org/name/commit/1")
    assert res3d.origin_of(res3d.load_preset(tmp_path / "preset")).labels == ("a", "b", "c")
    assert main(["export", f"--model={tmp_path / 'm.keras'}", "--output=x", "--push=hf://org/name"]) not in (0, None)
    assert "`--push` uploads what --format=preset writes" in capsys.readouterr().err
