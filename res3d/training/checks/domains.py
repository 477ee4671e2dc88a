"""The domain of each field of a recipe."""

WARP = ("scale", "aspect", "rotation", "shear", "shift")


def check_domains(recipe):
    """Raises ValueError for a field out of its domain; the message names the field and what arrived."""
    for place, test, expected in DOMAINS:
        value = recipe
        for name in place.split("."):
            value = getattr(value, name)
        if value is not None and not test(value):
            raise ValueError(f"`{place}` must be {expected}. Received: {place}={value!r}.")


def _at_least(low):
    return lambda value: value >= low


DOMAINS = (  # place, test of a value that is not None, what is expected
    ("seed", lambda v: 0 <= v < 2**32, "in 0..2**32, the end excluded"),
    ("model.dropout", lambda v: 0 <= v < 1, "in 0..1, 1 excluded, or null"),
    ("data.batch_size", _at_least(1), "at least 1"),
    ("data.clips_per_video", _at_least(1), "at least 1"),
    ("data.validation_fraction", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("data.scale", lambda v: len(v) in (0, 2) and all(s > 0 for s in v) and list(v) == sorted(v),
     "empty or [low, high], the fractions of the area or side that a crop takes"),
    ("data.temporal_crop", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    *((f"data.warp.{name}", _at_least(0), "0 or more") for name in WARP),
    ("data.rand_augment", lambda v: not v or (len(v) == 2 and v[0] == int(v[0]) >= 0 and 0 <= v[1] <= 10),
     "empty or [operations, magnitude], the magnitude in 0..10"),
    ("data.mixup", _at_least(0), "0 or more"),
    ("data.cutmix", _at_least(0), "0 or more"),
    ("optimizer.name", lambda v: v in ("sgd", "adamw"), "'sgd' or 'adamw'"),
    ("optimizer.rate", lambda v: v > 0, "positive"),
    ("optimizer.reference_batch", _at_least(1), "at least 1"),
    ("optimizer.momentum", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("optimizer.beta_2", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("optimizer.precise_norm", _at_least(0), "0 or more batches"),
    ("optimizer.weight_decay", _at_least(0), "0 or more"),
    ("optimizer.clip_norm", lambda v: v > 0, "positive, or null"),
    ("optimizer.accumulate", _at_least(1), "at least 1"),
    ("optimizer.ema", lambda v: 0 < v < 1, "between 0 and 1, or null"),
    ("optimizer.backbone_rate", _at_least(0), "0 or more"),
    ("schedule.epochs", _at_least(1), "at least 1"),
    ("schedule.warmup_epochs", _at_least(0), "0 or more"),
    ("schedule.warmup_share", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("schedule.warmup_from", lambda v: 0 <= v <= 1, "in 0..1"),
    ("schedule.decay", lambda v: v in ("cosine", "step", "constant"), "'cosine', 'step' or 'constant'"),
    ("schedule.final", lambda v: 0 <= v <= 1, "in 0..1"),
    ("schedule.factor", lambda v: v > 0, "positive"),
    ("schedule.steps", lambda v: list(v) == sorted(v), "rising epochs"),
    ("multigrid.stretch", lambda v: v > 0, "positive"),
    ("multigrid.tuning", lambda v: 0 < v < 1, "between 0 and 1"),
    ("multigrid.norm_clips", _at_least(1), "at least 1, or null"),
    ("task", lambda v: v in ("clips", "spans"), "'clips' or 'spans'"),
    ("spans.filters", _at_least(1), "at least 1"),
    ("spans.dilations", lambda v: all(step >= 1 for step in v), "positive ints, or none"),
    ("spans.dropout", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("spans.background", lambda v: 0 <= v <= 1, "in 0..1"),
    ("spans.density", lambda v: v > 0, "positive"),
    ("spans.foreground_weight", lambda v: v > 0, "positive"),
    *((f"spans.{name}", _at_least(0), "0 or more") for name in ("dilation_seconds", "mixup", "alarms_per_hour")),
    ("loss.class_weight", lambda v: v == "balanced", "'balanced', or null"),
    ("loss.label_smoothing", lambda v: 0 <= v < 1, "in 0..1, 1 excluded"),
    ("data.cache", lambda v: v in ("auto", "memory", "disk"), "'auto', 'memory', 'disk' or null"),
    ("data.workers", _at_least(1), "at least 1, or null"),
    ("stop.patience", _at_least(1), "at least 1, or null"),
    ("stop.max_minutes", lambda v: v > 0, "positive, or null"),
    ("precision", lambda v: v in ("float32", "mixed_float16", "mixed_bfloat16"),
     "'float32', 'mixed_float16' or 'mixed_bfloat16'"),
)
