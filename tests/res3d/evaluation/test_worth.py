"""The rows and lines that say what a figure is worth."""

from res3d.evaluation.worth import worth_lines, worth_rows

METRICS = {"top1": 0.6, "groups": 4, "groups_told_by": "UCF101", "intervals": {"top1": [0.5, 0.7]},
           "baselines": {"chance": {"top1": 0.1}, "middle_frame": {"top1": 0.65, "top1_interval": [0.6, 0.7]}},
           "motion": {"stilled": {"top1": 0.55}}}


def test_all_that_a_network_is_held_against_is_a_row():
    assert worth_rows(METRICS) == [("the network", 0.6, [0.5, 0.7]), ("chance", 0.1, None),
                                   ("linear, one middle frame", 0.65, [0.6, 0.7]), ("middle frame only", 0.55, None)]


def test_lines_say_what_is_not_below_the_network():
    assert worth_lines(METRICS) == ["95 % interval: 50.0 to 70.0 %, over 4 groups (told by: UCF101)", "  chance 10.0 %",
                                    "  linear, one middle frame 65.0 %, not below the network",
                                    "  middle frame only 55.0 %"]


def test_one_group_has_no_interval_and_several_labels_have_another_figure():
    assert worth_lines({"top1": 0.6, "groups": 1}) == ["no interval: all videos are of one group"]
    several = {"top1": 0.6, "mean_average_precision": 0.4, "baselines": {"chance": {"mean_average_precision": 0.2}}}
    assert worth_rows(several) == [("the network", 0.4, None), ("chance", 0.2, None)]
