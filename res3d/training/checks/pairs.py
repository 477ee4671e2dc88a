"""Fields of a recipe that exclude each other."""


def check_pairs(recipe):
    """Raises ValueError for two fields that contradict each other; the message names both and what to set."""
    if recipe.loss.multi_label and (recipe.data.mixup or recipe.data.cutmix):
        raise ValueError("`data.mixup` and `data.cutmix` mix one label a clip; set both to 0 when "
                         f"loss.multi_label is true. Received: mixup={recipe.data.mixup}, cutmix={recipe.data.cutmix}.")
    if recipe.data.temporal_crop and not recipe.clip.in_segments:
        raise ValueError("`data.temporal_crop` needs clip.sampling='segments', whose parts it varies. Received: "
                         f"data.temporal_crop={recipe.data.temporal_crop} with a clip of {recipe.clip.timing}, which "
                         "begins anywhere as it is. Set it to 0.")
    if recipe.multigrid.long or recipe.multigrid.short:
        _check_multigrid(recipe)
    if recipe.loss.class_weight and (recipe.loss.multi_label or recipe.data.balanced):
        also = "loss.multi_label" if recipe.loss.multi_label else "data.balanced"
        raise ValueError("`loss.class_weight` weighs one label a clip, of classes that come as often as they are "
                         f"there; set it to null when {also} is true. Received: {recipe.loss.class_weight!r}.")
    if recipe.schedule.warmup_epochs and recipe.schedule.warmup_share:
        raise ValueError("`schedule.warmup_epochs` and `schedule.warmup_share` say the same; set one of them to 0. "
                         f"Received: warmup_epochs={recipe.schedule.warmup_epochs}, "
                         f"warmup_share={recipe.schedule.warmup_share}.")
    if recipe.schedule.warmup_epochs >= recipe.schedule.epochs:
        raise ValueError(f"`schedule.warmup_epochs` must be less than schedule.epochs={recipe.schedule.epochs}. "
                         f"Received: schedule.warmup_epochs={recipe.schedule.warmup_epochs}. Set it, too, as to 0.")


def _check_multigrid(recipe):
    """What cannot be had with clips of changing shape."""
    refused = (
        (recipe.task != "clips", "task=clips", f"task={recipe.task}"),
        (recipe.data.clips_per_video > 1, "data.clips_per_video=1, as a video's clips may fall to two batches",
         f"data.clips_per_video={recipe.data.clips_per_video}"),
        (recipe.optimizer.accumulate > 1, "optimizer.accumulate=1, as its batches differ in size",
         f"optimizer.accumulate={recipe.optimizer.accumulate}"),
        (recipe.multigrid.long and recipe.clip.frames < 4, "clips of 4 frames or more for its long cycle",
         f"clip.frames={recipe.clip.frames}"),
        (recipe.multigrid.long and recipe.schedule.decay == "step" and not recipe.schedule.steps,
         "schedule.steps for the stages of its long cycles", "schedule.steps=[]"))
    for wrong, wanted, received in refused:
        if wrong:
            raise ValueError(f"`multigrid` needs {wanted}. Received: {received}. Set multigrid.long and "
                             "multigrid.short to false, or change that.")
