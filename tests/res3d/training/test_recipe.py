"""Recipes: found, checked, overridden, written out and read back; every shipped one builds a network that exists."""

import dataclasses

import pytest
import yaml

import res3d
from res3d.training.checks.domains import DOMAINS
from res3d.training.recipe import RECIPES, Recipe, find_recipe, list_recipes

NAMED = ("demo", "finetune", "kinetics400_r2plus1d18", "kinetics400_r3d18", "kinetics400_slow_r50",
         "kinetics400_slowfast_r50", "small_data", "ssv2_tsm_r50", "ucf101_r3d18", "ucf101_tsn_r50")


def test_the_recipes_people_are_told_of_are_there():
    assert set(NAMED) <= set(list_recipes())


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_is_valid_and_opens_with_how_to_run_it(name):
    recipe = find_recipe(name)
    assert recipe.model.name in [row["name"] if isinstance(row, dict) else getattr(row, "name", row)
                                 for row in res3d.list_models()]
    lines = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(("# res3d train", "# res3d pretrain"))
    head = " ".join(line for line in lines if line.startswith("#"))
    assert "Took" in head
    assert "reached here: " in head
    assert "Its source" in head


@pytest.mark.parametrize("name", list_recipes())
def test_a_resolved_recipe_reads_back_equal(name):
    recipe = find_recipe(name)
    assert Recipe.from_mapping(yaml.safe_load(recipe.to_yaml())) == recipe


def test_settings_win_over_the_file():
    recipe = find_recipe("demo", ["optimizer.rate=0.5", "schedule.epochs=3", "clip.frames=4"])
    assert (recipe.optimizer.rate, recipe.schedule.epochs, recipe.clip.frames) == (0.5, 3, 4)


def test_a_clip_is_a_preset_or_a_preset_with_changes():
    assert Recipe.from_mapping({"clip": "torchvision_112"}).clip == res3d.preset("torchvision_112")
    changed = Recipe.from_mapping({"clip": {"preset": "torchvision_112", "frames": 8}}).clip
    assert changed == res3d.preset("torchvision_112").replace(frames=8)


@pytest.mark.parametrize("settings", [["clip=slow_8x8", "clip.frames=4"], ["clip.frames=4", "clip=slow_8x8"]])
def test_a_preset_that_is_set_is_taken_whole(settings):
    """Not under the 64 x 64 pixels of the file."""
    assert find_recipe("demo", settings[:1] if settings[0] == "clip=slow_8x8" else settings[1:]
                       ).clip == res3d.preset("slow_8x8")
    assert find_recipe("demo", settings).clip == res3d.preset("slow_8x8").replace(frames=4)


def test_a_recipe_can_be_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 7\n")
    assert find_recipe(str(tmp_path / "mine.yaml")).seed == 7
    (tmp_path / "empty.yaml").write_text("")
    assert find_recipe(str(tmp_path / "empty.yaml")) == Recipe()


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ValueError, match=r"Received: 'ucf101_r3d8'\. Did you mean ucf101_r3d18"):
        find_recipe("ucf101_r3d8")


@pytest.mark.parametrize(("text", "words"), [
    ("[1, 2]", "must hold groups of fields"),
    ("a: [", "as YAML"),
    ("modle: {}", r"no field 'modle'. Did you mean 'model'\?"),
])
def test_a_bad_file_is_refused(tmp_path, text, words):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ValueError, match=words):
        find_recipe(str(tmp_path / "bad.yaml"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be a \.yaml file that is there"):
        find_recipe(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(("setting", "words"), [
    ("schedule.decay=cosin", "`schedule.decay` must be 'cosine', 'step' or 'constant'"),
    ("optimizer.name=adam", "`optimizer.name` must be 'sgd' or 'adamw'"),
    ("data.batch_size=0", "`data.batch_size` must be at least 1. Received: data.batch_size=0"),
    ("optimizer.ema=1.0", "`optimizer.ema` must be between 0 and 1"),
    ("precision=float16", "`precision` must be 'float32', 'mixed_float16' or 'mixed_bfloat16'"),
    ("schedule.warmup_epochs=99", "`schedule.warmup_epochs` must be less than schedule.epochs"),
    ("data.validation_fraction=1.0", "`data.validation_fraction` must be in 0..1"),
    ("clip.frams=3", r"no field 'clip.frams'. Did you mean 'frames'\?"),
    ("epochs=3", r"no field 'epochs'. Did you mean 'schedule.epochs'\?"),
    ("clip.frames=0", "`frames` must be a positive int"),
    ("schedule.steps=[3, 1]", "`schedule.steps` must be rising epochs"),
    ("schedule.factor=-0.1", "`schedule.factor` must be positive"),
    ("seed=-1", r"`seed` must be in 0..2\*\*32, the end excluded. Received: seed=-1"),
    ("data.workers=0", "`data.workers` must be at least 1, or null"),
    ("optimizer=adamw", "`optimizer` must be a group of fields. Received: optimizer='adamw'"),
    ("data.scale=0.5", "`data.scale` must be a list"),
    ("model.dropout=1.0", "`model.dropout` must be in 0..1, 1 excluded, or null"),
])
def test_values_out_of_their_domain_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        find_recipe("demo", [setting])


def numbers(group, above=""):
    """The places of all fields that are numbers, or several, but for those of the clip, which checks itself."""
    for field in dataclasses.fields(group):
        value, place = getattr(group, field.name), f"{above}{field.name}"
        if dataclasses.is_dataclass(value):
            yield from numbers(value, f"{place}.") if place != "clip" else ()
        elif "int" in str(field.type) or "float" in str(field.type):
            yield place


def test_every_number_of_a_recipe_has_a_domain():
    assert set(numbers(Recipe())) - {place for place, _, _ in DOMAINS} == set()


def test_mixtures_need_one_label_a_clip():
    with pytest.raises(ValueError, match="mix one label a clip"):
        find_recipe("demo", ["loss.multi_label=true", "data.mixup=0.2"])


def test_how_frames_are_taken_is_a_field_of_the_clip():
    recipe = find_recipe("default", ["clip.sampling=segments", "data.temporal_crop=0.25"])
    assert recipe.clip == res3d.ClipSpec(16, sampling="segments")
    assert recipe.data.temporal_crop == 0.25
    assert find_recipe("ssv2_tsm_r50").clip.sampling == find_recipe("ucf101_tsn_r50").clip.sampling == "segments"
    dense = find_recipe("ssv2_tsm_r50", ["clip.sampling=dense", "clip.stride=8"]).clip
    assert dense == res3d.preset("mmaction_8x8")
    with pytest.raises(ValueError, match=r"`clip\.stride` must be given with clip\.sampling='dense' where the preset"):
        find_recipe("ssv2_tsm_r50", ["clip.sampling=dense"])
    with pytest.raises(ValueError, match=r"`sampling` must be 'dense' or 'segments'\. Received: sampling='uniform'"):
        find_recipe("default", ["clip.sampling=uniform"])
    with pytest.raises(ValueError, match=r"`data\.temporal_crop` needs clip\.sampling='segments', .* Received: "
                                         r"data\.temporal_crop=0\.25 with a clip of 16 frames, stride 2, which begins"):
        find_recipe("default", ["data.temporal_crop=0.25"])
    with pytest.raises(ValueError, match=r"`data\.temporal_crop` must be in 0\.\.1, 1 excluded\. Received"):
        find_recipe("default", ["clip.sampling=segments", "data.temporal_crop=1"])


def test_auto_is_told_to_be_no_file():
    with pytest.raises(ValueError, match="The recipe 'auto' is chosen for videos and a machine"):
        find_recipe("auto")
