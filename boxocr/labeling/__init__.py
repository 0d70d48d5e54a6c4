"""A project's labeling config: which TextArea transcribes which shapes on which Image, and how to read them.

Parsed by label-studio-sdk's ``LabelInterface``, the parser that Label Studio validates predictions with. Only what a
``<Repeater>`` stands for is worked out here (``repeaters``), since that depends on the task.
"""

from boxocr.labeling.config import Handling, LabelingConfig
from boxocr.labeling.destinations import destinations
from boxocr.labeling.notices import Notice, notices
from boxocr.labeling.parsing import label_interface
from boxocr.labeling.preannotation import Preannotation
from boxocr.labeling.tag import Tag

__all__ = ["Handling", "LabelingConfig", "Notice", "Preannotation", "Tag", "destinations", "label_interface", "notices"]
