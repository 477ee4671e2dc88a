"""The step of a run is traced once: what its first call would create is there before."""

from tests.res3d.training import tiny_run as tiny


def test_a_step_is_traced_once_at_the_start_and_when_the_run_goes_on(tmp_path):
    for minutes in ("1e-9", "9"):
        recipe = tiny.tiny_recipe("schedule.epochs=1", f"stop.max_minutes={minutes}")
        model, traced = tiny.tiny_model(recipe), []
        step = model.train_step
        model.train_step = lambda *args, step=step, traced=traced: traced.append(1) or step(*args)
        tiny.tiny_fit(tmp_path, recipe, model)
        assert traced == [1]
