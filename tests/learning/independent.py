"""The figures of docs/accuracy.md, worked out from Label Studio's JSON export without any of BoxOCR's code."""

from typing import Any

Json = dict[str, Any]


def figures(export: list[Json]) -> dict[str, Any]:
    boxes = [box for task in export for box in _boxes_of(task)]
    compared = [box for box in boxes if box["kind"] in ("accepted", "corrected")]
    judged = [box for box in boxes if box["kind"] in ("accepted", "corrected", "emptied")]
    typed = sum(len(box["text"]) for box in boxes if box["kind"] == "typed")
    edited = sum(edits(box["suggested"], box["text"]) for box in compared)
    characters = sum(len(box["text"]) for box in compared)
    count = {kind: sum(box["kind"] == kind for box in boxes) for kind in _KINDS}
    return {
        "boxes": len(boxes),
        "accepted_unchanged": count["accepted"],
        "corrected": count["corrected"],
        "emptied": count["emptied"],
        "moved": count["moved"],
        "typed_by_hand": count["typed"],
        "not_read": count["unread"],
        "without_text": count["blank"],
        "characters": characters,
        "edits": edited,
        "cer": edited / characters if characters else None,
        "accepted_share": count["accepted"] / len(judged) if judged else None,
        "keystrokes_needed": edited + typed,
        "keystrokes_saved": characters - edited,
    }


def calibration_error(export: list[Json]) -> float:
    judged = [box for task in export for box in _boxes_of(task) if box["kind"] in ("accepted", "corrected", "emptied")]
    error = 0.0
    for low in range(10):
        here = [box for box in judged if low <= box["score"] * 10 < low + 1 or (low == 9 and box["score"] == 1)]
        if here:
            right = sum(box["kind"] == "accepted" for box in here) / len(here)
            error += len(here) * abs(right - sum(box["score"] for box in here) / len(here))
    return error / len(judged)


_KINDS = ("accepted", "corrected", "emptied", "moved", "typed", "unread", "blank")


def _boxes_of(task: Json) -> list[Json]:
    found = []
    for annotation in task["annotations"]:
        if annotation["was_cancelled"]:
            continue
        regions = _grouped(annotation)
        for parent in task["annotations"]:
            if parent["id"] == annotation["parent_annotation"]:
                originals = _grouped(parent)
                regions = {key: one for key, one in regions.items() if one != originals.get(key)}
        found += [_judge(results) for results in regions.values()]
    return found


def _grouped(annotation: Json) -> dict[str, list[Json]]:
    regions: dict[str, list[Json]] = {}
    for result in annotation["result"]:
        regions.setdefault(result["id"], []).append(result)
    return regions


def _judge(results: list[Json]) -> Json:
    texts = [one for one in results if one["type"] == "textarea"]
    shape = next(one for one in results if one["type"] != "textarea")
    text = "\n".join(line for one in texts for line in one["value"]["text"] if line)
    suggestion = next((one["meta"]["suggestion"] for one in texts if "suggestion" in one.get("meta", {})), None)
    suggested = suggestion["text"] if suggestion else ""
    score = suggestion["confidence"] if suggestion else None
    note = "".join(shape.get("meta", {}).get("text", []))
    if suggestion and not text:
        kind = "emptied"
    elif not text:
        kind = "unread" if note.startswith("BoxOCR:") else "blank"
    elif not suggestion:
        kind = "typed"
    elif any(abs(suggestion["place"][side] - shape["value"][side]) > 0.01 for side in suggestion["place"]):
        kind = "moved"
    else:
        kind = "accepted" if text == suggested else "corrected"
    return {"kind": kind, "text": text, "suggested": suggested, "score": score}


def edits(one: str, other: str) -> int:
    above = list(range(len(other) + 1))
    for row, here in enumerate(one, start=1):
        left = [row]
        for column, there in enumerate(other, start=1):
            left.append(min(above[column] + 1, left[-1] + 1, above[column - 1] + (here != there)))
        above = left
    return above[-1]
