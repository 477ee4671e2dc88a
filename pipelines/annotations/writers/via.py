"""A project of VGG Image Annotator 3, as JSON; `Load` opens it. Subject and annotator are attributes of free text."""

from pipelines.annotations.writing import by_video, write_json
from pipelines.storage.addresses import is_remote

CONFIG = {"file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
          "ui": {"file_content_align": "center", "file_metadata_editor_visible": True,
                 "spatial_metadata_editor_visible": True, "temporal_segment_metadata_editor_visible": True,
                 "spatial_region_label_attribute_id": "", "gtimeline_visible_row_count": "4"}}
SPAN, WHOLE = "FILE1_Z2_XY0", "FILE1_Z0_XY0"
TEXT, SELECT, VIDEO = 1, 4, 4
LOCAL, ADDRESS = 1, 2


def write(spans, path, options):
    """Writes one file and one view a video; leaves nothing out."""
    keys = {label: str(key) for key, label in enumerate(spans.labels)}
    videos = {video: str(number) for number, video in enumerate(by_video(spans.rows, spans.empty), 1)}
    options_of = {key: label for label, key in keys.items()}
    attributes = {"1": _attribute("label", SPAN, SELECT, options_of),
                  "2": _attribute("class", WHOLE, SELECT, options_of)}
    attributes |= {str(number): _attribute(name, SPAN, TEXT, {}) for number, name in ((3, "subject"), (4, "annotator"))
                   if any(getattr(row, name) for row in spans.rows)}
    write_json(path, {
        "project": {"pid": "__VIA_PROJECT_ID__", "rev": "__VIA_PROJECT_REV_ID__", "creator": "res3d",
                    "rev_timestamp": "", "pname": "res3d", "data_format_version": "3.1.1", "created": "",
                    "vid_list": list(videos.values())},
        "config": CONFIG,
        "attribute": attributes,
        "file": {number: {"fid": int(number), "fname": video, "type": VIDEO,
                          "loc": ADDRESS if is_remote(video) else LOCAL, "src": video}
                 for video, number in videos.items()},
        "view": {number: {"fid_list": [int(number)]} for number in videos.values()},
        "metadata": {f"{videos[row.video]}_{index:08d}": _item(row, videos[row.video], keys)
                     for index, row in enumerate(spans.rows, 1)}})
    return []


def _item(row, video, keys):
    z = [] if row.start is None else [row.start] if row.is_instant else [row.start, row.end]
    av = {"2" if row.start is None else "1": keys[row.label]}
    av |= {number: value for number, value in (("3", row.subject), ("4", row.annotator)) if value}
    return {"vid": video, "flg": 0, "z": z, "xy": [], "av": av}


def _attribute(name, anchor, kind, options):
    return {"aname": name, "anchor_id": anchor, "type": kind, "desc": "", "options": options, "default_option_id": ""}
