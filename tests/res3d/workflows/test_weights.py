"""Class weights of a recipe and weights of a manifest: what reaches `fit`, and what does not go together."""

import numpy as np
import pytest

from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from res3d.geometry import ClipSpec
from res3d.training.recipe import find_recipe
from res3d.workflows.train import _clips
from res3d.workflows.training_data import load_training_data
from tests.pipelines.in_process import here


@pytest.fixture
def weighted(motion, tmp_path):
    """A manifest of the motions, of whose training videos the first counts 5 and the next ones 1."""
    manifest = read_manifest(motion)
    rows = [f"{entry.path},{manifest.labels[entry.label]},{entry.split},{'5' if i == 0 else ''}"
            for i, entry in enumerate(sorted(manifest, key=lambda entry: entry.split != "train"))]
    path = tmp_path / "weighted.csv"
    path.write_text("path,label,split,weight\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.slow
def test_a_column_of_weights_reaches_the_batches_of_its_videos(weighted, tiny):
    recipe = find_recipe("demo", [*tiny, "data.batch_size=3", "data.clips_per_video=2"])
    fed = load_training_data(recipe, weighted)
    heavy, = [entry.path for entry in fed.train.manifest if entry.weight == 5]
    for epoch, step in ((0, 0), (1, 4)):
        found = [weights.numpy() for _, _, weights in _clips(fed, recipe, None)(epoch, step)]
        assert sum(map(len, found)) == 32 - 3 * step
        for number, weights in enumerate(found, step):
            assert (heavy in fed.names(epoch, number)) == bool((weights > 2).any())
            np.testing.assert_allclose(weights, np.where(weights > 2, 4.0, 0.8), rtol=1e-5)  # 5 and 1 over their mean


@pytest.mark.slow
def test_balanced_classes_reach_the_batches(motion, tiny):
    recipe = find_recipe("demo", [*tiny, "loss.class_weight=balanced"])
    fed = load_training_data(recipe, motion)
    assert all((weights.numpy() == 1).all() for _, _, weights in _clips(fed, recipe, None)(0, 0))
    assert len(next(iter(_clips(fed, find_recipe("demo", tiny), None)(0, 0)))) == 2


def test_what_does_not_go_together_is_one_error(weighted, tiny):
    with pytest.raises(ValueError, match=r"set data\.mixup and data\.cutmix to 0\. Received: mixup=0\.2"):
        load_training_data(find_recipe("demo", [*tiny, "data.mixup=0.2"]), weighted)
    text = weighted.read_text().replace(",5\n", ",0\n").replace("train,\n", "train,0\n")
    weighted.write_text(text)
    with pytest.raises(ValueError, match=r"more than 0\. Received: 0 for all"):
        load_training_data(find_recipe("demo", tiny), weighted)
    with pytest.raises(ValueError, match=r"set it to null when data\.balanced is true"):
        find_recipe("demo", ["loss.class_weight=balanced", "data.balanced=true"])
    with pytest.raises(ValueError, match="'balanced', or null"):
        find_recipe("demo", ["loss.class_weight=auto"])


def test_prepared_records_keep_weights(weighted, tmp_path):
    prepare(weighted, tmp_path / "out", PrepareOptions(ClipSpec(frames=4, stride=1, height=16, width=16)), runner=here)
    kept = read_manifest(tmp_path / "out")
    assert sorted(str(entry.weight) for entry in kept) == sorted(str(entry.weight) for entry in read_manifest(weighted))
