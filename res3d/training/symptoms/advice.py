"""What a sign of a run probably comes from, most likely first, and what to try: one line for each sign."""

UNEVEN = 3.0  # largest class against smallest, from which on the sizes of classes are a cause
MIXED = 0.1  # strength of mixing or smoothing that can hide a weak signal


def no_learning(recipe, loss, guess, steps):
    """The line for a loss that is still that of guessing."""
    rate, clip = recipe.optimizer.rate, recipe.clip
    causes = [(clip.sampling == "dense", f"a clip of {clip.span} frames shows too little of the action "
               "(--set clip.sampling=segments)"),
              (recipe.model.options.get("motion") is None, "what moves is hidden behind what does not "
               "(--set model.options.motion=difference)"),
              (recipe.start.freeze is not None, f"too much is frozen (--set start.freeze=null, now "
               f"{recipe.start.freeze})"),
              (True, f"the rate is wrong (--set optimizer.rate={rate / 3:.2g}, or {rate * 3:.2g})"),
              (max(recipe.data.mixup, recipe.data.cutmix, recipe.loss.label_smoothing) > MIXED,
               "clips are mixed too much (--set data.mixup=0 --set data.cutmix=0)"),
              (True, "labels and videos do not belong together (res3d doctor DATA)")]
    return _line(f"does not learn: after {steps} steps the loss is {loss:.3f}, and guessing has {guess.loss:.3f}",
                 causes)


def diverging(recipe, points):
    """The line for a loss that rises."""
    rate = recipe.optimizer.rate
    causes = [(True, f"the rate is too high (--set optimizer.rate={rate / 5:.2g}, now {rate:.2g})"),
              (recipe.schedule.warmup_length == 0, "it is high at once (--set schedule.warmup_epochs=2)"),
              (recipe.optimizer.clip_norm is None, "single steps are too long (--set optimizer.clip_norm=1)"),
              (recipe.precision == "mixed_float16", "numbers overflow (--set precision=mixed_bfloat16)")]
    lowest = min(loss for _, loss in points)
    return _line(f"diverges: the loss was {lowest:.3f} and is {points[-1][1]:.3f} after {points[-1][0]} steps", causes)


def remembering(recipe, row, chance):
    """The line for held-out videos at chance while those trained on are known."""
    causes = [(recipe.model.options.get("motion") is None, "scenes are learned in the place of actions "
               "(--set model.options.motion=difference)"),
              (not recipe.data.augment, "clips are always the same (--set data.augment=true)"),
              (recipe.start.weights is None, "there are too few people or recordings (film others, or --weights=FILE)"),
              (True, "the held-out videos are of another kind, or their labels are wrong (res3d doctor DATA)")]
    return _line(f"remembers and does not understand: accuracy {row['accuracy']:.2f} on what it trains on, "
                 f"{row['val_accuracy']:.2f} on what is held out, where one answer for all has {chance:.2f}", causes)


def swallowing(recipe, label, share, own, uneven):
    """The line for one class that has nearly all answers."""
    rate = recipe.optimizer.rate
    causes = [(uneven >= UNEVEN and not recipe.data.balanced, f"classes are uneven, {uneven:.0f} to 1 "
               "(--set data.balanced=true)"),
              (True, f"the rate is too high (--set optimizer.rate={rate / 3:.2g})"),
              (True, "it has only begun: the averages of batch norm are not those of the data yet (train longer)")]
    return _line(f"one class swallows the others: '{label}' is {100 * share:.0f} % of the answers and "
                 f"{100 * own:.0f} % of the held-out videos", causes)


def _line(what, causes):
    return f"{what}. Likely, in this order: {'; '.join(text for holds, text in causes if holds)}."
