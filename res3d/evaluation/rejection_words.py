"""The figures of a threshold for "none of these" in words."""

def told(found):
    """The figures in a line for a terminal."""
    text = (f"none of these below {found['threshold']:.3f} ({found['chosen']}, temperature "
            f"{found['temperature']:.2f}): {answered_words(found)}")
    if "alarms_per_hour" in found:
        text += (f"; {found['alarms_per_hour']:.1f} false alarms an hour in {60 * found['background_hours']:.1f} "
                 "minutes of background")
    return text + "".join(f"\n  {line}" for line in caution(found))


def answered_words(found):
    """How many videos are answered, and how many answers are right.

    >>> answered_words({"answered": 0.5, "right_of_answered": None})
    '50.0 % of the videos are answered'
    """
    right = found["right_of_answered"]
    return (f"{100 * found['answered']:.1f} % of the videos are answered" +
            ("" if right is None else f", {100 * right:.1f} % of the answers are right"))


def caution(found):
    """What is to be said of figures of the very data that the threshold was chosen on: a line, or none."""
    if not found.get("chosen_on_these"):
        return []
    alarms = "alarms_per_hour" in found["chosen_on_these"]
    what = "The false alarms are counted in the very background" if alarms else "These are the very videos"
    text = f"{what} that the threshold was chosen on"
    if found["held_out"] is None:
        return [f"{text}, and too few to choose on a half of them: expect less of new ones"]
    unseen = found["held_out"]
    figures = (f"{unseen['alarms_per_hour']:.1f} false alarms an hour" if alarms else answered_words(unseen))
    return [f"{text}. By a threshold of the other half of them: {figures}"]
