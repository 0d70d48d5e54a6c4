"""``boxocr import`` into a real Label Studio: uploads, local files, S3, and regions from text layers."""

import io
import zipfile
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from boxocr import MODEL_VERSION
from e2e import commands
from e2e.configs import BOXES
from e2e.label_studio import LabelStudioServer, Project
from e2e.storage import S3, WebServer
from tests.pdfs import PdfPage, pdf, text_page

REPORT = ("Minutes of the meeting in March", "The chairman opened the session", "Seventeen members were present")
SECOND = ("Signed by the secretary", "Vienna, the ninth of April")

_LINES = BOXES.replace("<TextArea ", '<TextArea model_preannotate="lines" ')
_LISTS = _LINES.replace('value="$image"', 'valueList="$pages"')


def _run(label_studio: LabelStudioServer, web: WebServer, folder: Path, *arguments: object, **variables: str) -> Any:
    variables |= commands.environment(label_studio, web) | {"OCR_ENGINE": "tesseract"}
    return commands.run("import", *arguments, variables=variables, folder=folder)


def _tasks(label_studio: LabelStudioServer, project: Project, *, resolved: bool = False) -> list[dict[str, Any]]:
    query = {"project": project.id, "fields": "all", "resolve_uri": str(resolved).lower(), "page_size": 100}
    tasks = label_studio.get("/api/tasks", **query)["tasks"]
    return sorted((task["data"] | {"id": task["id"]} for task in tasks), key=lambda data: int(data["id"]))


def _shown(label_studio: LabelStudioServer, address: str) -> Image.Image:
    """The image that a browser gets."""
    session = requests.Session()
    header = {"Authorization": f"Bearer {_access(label_studio)}"}
    answer = session.get(f"{label_studio.url}{address}", headers=header, timeout=30)
    assert answer.ok, answer.text
    return Image.open(io.BytesIO(answer.content))


def _access(label_studio: LabelStudioServer) -> str:
    body = {"refresh": label_studio.personal_token}
    return str(requests.post(f"{label_studio.url}/api/token/refresh/", json=body, timeout=30).json()["access"])


def _texts(project: Project, task: int) -> list[tuple[int | None, str]]:
    (prediction,) = project.predictions(task)
    assert prediction["model_version"] == MODEL_VERSION
    results = [one for one in prediction["result"] if one["type"] == "textarea"]
    return [(one.get("item_index"), one["value"]["text"][0]) for one in results]


def test_pages_are_uploaded_with_the_regions_of_their_text_layers(
    label_studio: LabelStudioServer, web: WebServer, tmp_path: Path
) -> None:
    project = label_studio.new_project("Import by upload", _LINES)
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "report ü.pdf").write_bytes(pdf(text_page(*REPORT), PdfPage(), text_page(*SECOND, rotate=90)))
    (scans / "broken.pdf").write_bytes(b"%PDF-1.7")
    with zipfile.ZipFile(scans / "more.zip", "w") as archive:
        archive.writestr("frames.tif", _tiff(2))

    done = _run(label_studio, web, tmp_path, "--project", project.id, "scans")

    assert done.returncode == 1
    assert done.stdout.startswith("Imported 2 files with 5 pages in "), done
    assert done.stderr.startswith("✗ broken.pdf: The PDF is damaged, or cut off.")
    tasks = _tasks(label_studio, project)
    assert [(data["source_file"], data["source_page"]) for data in tasks] == [
        ("more.zip/frames.tif", 1),
        ("more.zip/frames.tif", 2),
        *(("report ü.pdf", number) for number in (1, 2, 3)),
    ]
    sizes = [_shown(label_studio, data["image"]).size for data in tasks]
    assert sizes == [(300, 200), (300, 200), (1750, 2480), (1750, 2480), (2480, 1750)]
    predicted = project.predicted()
    assert [predicted[data["id"]] for data in tasks] == [0, 0, 1, 0, 1]
    assert _texts(project, tasks[2]["id"]) == [(None, text) for text in REPORT]
    assert _texts(project, tasks[4]["id"]) == [(None, text) for text in SECOND]

    label_studio.api.tasks.delete(id=str(tasks[1]["id"]))
    again = _run(label_studio, web, tmp_path, "--project", project.id, "scans")
    assert again.stdout.startswith("Imported 1 file with 1 page in "), again
    assert "1 file had been imported before." in " ".join(again.stdout.split())
    assert [data["source_page"] for data in _tasks(label_studio, project)] == [1, 1, 2, 3, 2]


def test_documents_are_stored_where_label_studio_serves_them(
    label_studio: LabelStudioServer, web: WebServer, s3: S3, tmp_path: Path
) -> None:
    (tmp_path / "report.pdf").write_bytes(pdf(text_page(*REPORT), text_page(*SECOND)))
    in_folder = label_studio.new_project("Import to a folder", _LISTS)
    served = label_studio.document_root / "imported"

    root = {"LOCAL_FILES_DOCUMENT_ROOT": str(label_studio.document_root)}
    arguments = ("--project", in_folder.id, "report.pdf", "--to", served)
    done = _run(label_studio, web, tmp_path, *arguments, **root)

    assert done.returncode == 0, done
    (data,) = _tasks(label_studio, in_folder)
    assert [_shown(label_studio, address).size for address in data["pages"]] == [(1750, 2480)] * 2
    texts = [*((0, text) for text in REPORT), *((1, text) for text in SECOND)]
    assert _texts(in_folder, data["id"]) == texts
    # "Sync Storage" finds nothing more.
    (storage,) = label_studio.api.import_storage.local.list(project=in_folder.id)
    label_studio.api.import_storage.local.sync(id=int(storage.id or 0))
    assert len(_tasks(label_studio, in_folder)) == 1

    in_bucket = label_studio.new_project("Import to a bucket", _LINES)
    s3.put(tmp_path / "report.pdf", "inbox")
    keys = {"AWS_ACCESS_KEY_ID": s3.KEY, "AWS_SECRET_ACCESS_KEY": s3.SECRET, "AWS_ENDPOINT": s3.endpoint}
    inbox, outbox = f"s3://{s3.BUCKET}/inbox", f"s3://{s3.BUCKET}/imported"
    done = _run(
        label_studio,
        web,
        tmp_path,
        *("--project", in_bucket.id, inbox, "--to", outbox, "--text-layer", "never"),
        **keys,
    )

    assert done.returncode == 0, done
    stored = _tasks(label_studio, in_bucket)
    assert [data["source_page"] for data in stored] == [1, 2]
    assert all(data["image"].startswith(f"{outbox}/report-") for data in stored)
    resolved = _tasks(label_studio, in_bucket, resolved=True)
    assert [_shown(label_studio, data["image"]).size for data in resolved] == [(1750, 2480)] * 2
    assert [data["source_file"] for data in resolved] == ["pages/inbox/report.pdf"] * 2


def _tiff(frames: int) -> bytes:
    file = io.BytesIO()
    images = [Image.new("L", (300, 200), 100 * number) for number in range(frames)]
    images[0].save(file, "TIFF", save_all=True, append_images=images[1:])
    return file.getvalue()
