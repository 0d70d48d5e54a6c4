"""``boxocr preannotate`` on files, folders and buckets: a process, a web server, an S3 server, Tesseract."""

import fcntl
import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.processes import ProcessKind, processes_of
from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import PARTIAL_VERSION
from tests.backend import ROOT
from tests.commands.conftest import Run
from tests.commands.preannotating import LINES, PAGES_OF_A_TASK, Command, ended, lines_of, page, texts
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, s3_server
from tests.servers.web import Reply, Request, WebServer, web_server
from tests.waiting import until

PAGES = 10
TEXTS = [f"Page number {number}" for number in range(100, 100 + PAGES)]

TO_FILES = ("--output", "out.json", "--config", "config.xml")


@pytest.fixture
def web() -> Iterator[WebServer]:
    """Serves a page for each text at /0.png, /1.png and so on."""
    with web_server() as server:
        for number, text in enumerate(TEXTS):
            server.routes[f"/{number}.png"] = Reply(page(text), headers={"Content-Type": "image/png"})
        yield server


@pytest.fixture
def preannotate(tmp_path: Path) -> Command:
    (tmp_path / "config.xml").write_text(LINES)
    return Command(tmp_path, {"ALLOWED_IMAGE_HOSTS": "127.0.0.1"})


@pytest.fixture
def tasks(preannotate: Command, web: WebServer) -> list[dict[str, Any]]:
    """tasks.json with a task for each page."""
    listed = [{"id": 7 + number, "data": {"image": f"{web.url}/{number}.png"}} for number in range(PAGES)]
    (preannotate.folder / "tasks.json").write_text(json.dumps(listed))
    return listed


def written(command: Command) -> Any:
    return json.loads((command.folder / "out.json").read_text())


def asked(web: WebServer) -> Counter[str]:
    return Counter(request.path for request in web.requests)


@pytest.mark.usefixtures("tasks")
def test_attributes_without_effect_are_named_first(preannotate: Command) -> None:
    (preannotate.folder / "config.xml").write_text(LINES.replace("<Label ", '<Label model_langs="deu" '))

    done = preannotate("--input", "tasks.json", *TO_FILES)

    assert done.code == 0, done
    assert done.output.startswith(
        'model_langs on the Label "Text" is not an attribute of BoxOCR, so it has no effect. Write model_lang. '
        f"Read {PAGES} tasks, "
    )
    assert not any(
        "meta" in one and "text" in one["meta"] for one in written(preannotate)[0]["predictions"][0]["result"]
    )


def test_a_file_of_tasks_gets_a_prediction_for_each(
    preannotate: Command, tasks: list[dict[str, Any]], web: WebServer
) -> None:
    tasks[1]["predictions"] = [{"model_version": "another", "result": []}]
    tasks[2]["predictions"] = [{"model_version": MODEL_VERSION, "result": []}]
    # The same task twice is read once.
    tasks.append({"id": 7, "data": tasks[0]["data"], "meta": {"kept": True}})
    (preannotate.folder / "tasks.json").write_text(json.dumps(tasks))

    done = preannotate("--input", "tasks.json", *TO_FILES, OCR_WORKERS="2")
    assert done.code == 0, done
    assert done.output.startswith(f"Read {PAGES - 1} tasks, {PAGES - 1} pages in ")
    assert done.output.endswith("The tasks with their predictions are in out.json.")
    assert done.errors == ""

    found = written(preannotate)
    assert [{**task, "predictions": None} for task in found] == [{**task, "predictions": None} for task in tasks]
    assert [[one["model_version"] for one in task["predictions"]] for task in found[:4]] == [
        [MODEL_VERSION],
        ["another", MODEL_VERSION],
        [MODEL_VERSION],
        [MODEL_VERSION],
    ]
    for place, text in enumerate(TEXTS):
        if place != 2:
            prediction = found[place]["predictions"][-1]
            assert texts(prediction) == [text]
            assert 0.5 < prediction["score"] <= 1
    assert found[2]["predictions"][0]["result"] == []
    assert found[-1]["predictions"] == found[0]["predictions"]
    assert asked(web) == {f"/{number}.png": 1 for number in range(PAGES) if number != 2}


def test_a_task_that_is_listed_twice_in_a_row_is_read_once(preannotate: Command, web: WebServer) -> None:
    def slowly(_: Request) -> Reply:
        time.sleep(0.5)
        return Reply(page(TEXTS[0]))

    web.routes["/0.png"] = slowly
    task = {"id": 7, "data": {"image": f"{web.url}/0.png"}}
    (preannotate.folder / "tasks.json").write_text(json.dumps([task, task]))

    done = preannotate("--input", "tasks.json", *TO_FILES)

    assert done.code == 0, done
    assert done.output.startswith("Read 1 tasks, 1 pages in "), done
    first, second = written(preannotate)
    assert first["predictions"] == second["predictions"]
    assert texts(first["predictions"][0]) == [TEXTS[0]]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_half_way_is_finished_by_the_next(
    preannotate: Command, tasks: list[dict[str, Any]], web: WebServer, how: signal.Signals
) -> None:
    preannotate = replace(preannotate, variables=preannotate.variables | {"OCR_WORKERS": "2"})
    journal = preannotate.folder / "out.json.journal"
    arguments = ("--input", "tasks.json", *TO_FILES)
    with preannotate.until(lambda: len(lines_of(journal)) > PAGES // 2, how, *arguments) as ended:
        pass
    assert ended.code == {signal.SIGKILL: -9, signal.SIGTERM: 143}[how]
    assert not (preannotate.folder / "out.json").exists()
    if how != signal.SIGKILL:
        assert "The results are kept: run the same command again for the rest." in ended.output
    head, *kept = lines_of(journal)
    assert PAGES // 2 <= len(kept) < PAGES
    # What a process that died in the middle of a line leaves.
    journal.write_text("".join([head, *kept]) + kept[0][:50])
    web.requests.clear()

    done = preannotate(*arguments)
    assert done.code == 0, done
    assert f"{len(kept)} had been read before." in done.output
    assert len(asked(web)) == PAGES - len(kept)
    assert set(asked(web).values()) == {1}
    assert [texts(task["predictions"][0]) for task in written(preannotate)] == [[text] for text in TEXTS]
    assert [len(task["predictions"]) for task in written(preannotate)] == [1] * len(tasks)
    assert lines_of(journal)[: len(kept) + 1] == [head, *kept]


def test_what_fails_is_listed_with_its_reason_and_tried_again(
    preannotate: Command, tasks: list[dict[str, Any]], web: WebServer
) -> None:
    good = web.routes["/3.png"]
    web.routes["/3.png"] = Reply(b"no picture")
    web.routes["/4.png"] = Reply(b"gone", 404)
    done = preannotate("--input", "tasks.json", *TO_FILES)
    assert done.code == 1
    assert "2 failed; the same command tries them again." in done.output
    assert "Task 10: The page's file is not an image that can be read." in done.errors
    assert "Task 11: " in done.errors
    assert [len(task["predictions"]) for task in written(preannotate)] == [1, 1, 1, 0, 0] + [1] * (len(tasks) - 5)

    web.routes |= {"/3.png": good, "/4.png": good}
    web.requests.clear()
    again = preannotate("--input", "tasks.json", *TO_FILES)
    assert (again.code, again.errors) == (0, "")
    assert asked(web) == {"/3.png": 1, "/4.png": 1}
    assert texts(written(preannotate)[4]["predictions"][0]) == [TEXTS[3]]


def test_a_page_of_which_a_part_is_missing_is_listed(preannotate: Command, web: WebServer) -> None:
    listed = [{"id": number, "data": {"image": f"{web.url}/{number}.png"}} for number in (1, 2)]
    (preannotate.folder / "tasks.json").write_text(json.dumps(listed))
    web.routes["/2.png"] = Reply(page(TEXTS[2])[:-100])
    done = preannotate("--input", "tasks.json", *TO_FILES)

    assert done.code == 0
    assert done.output.count("is missing in its file") == 1
    assert "Task 2, image: A part of this page is missing in its file" in done.output


def test_a_page_that_fails_is_listed_and_it_alone_is_tried_again(preannotate: Command, web: WebServer) -> None:
    (preannotate.folder / "config.xml").write_text(PAGES_OF_A_TASK)
    listed = [{"id": 7, "data": {"pages": [f"{web.url}/{number}.png" for number in range(3)]}}]
    listed.append({"id": 8, "data": {"pages": [f"{web.url}/3.png"]}})
    (preannotate.folder / "tasks.json").write_text(json.dumps(listed))
    good = web.routes["/1.png"]
    web.routes["/1.png"] = Reply(b"no picture")
    done = preannotate("--input", "tasks.json", *TO_FILES)
    assert done.code == 1
    assert done.output.startswith("Read 2 tasks, 3 pages in ")
    assert "1 failed; the same command tries it again." in done.output
    assert "Task 7, page 2: The page's file is not an image that can be read." in done.errors
    partial, whole = (task["predictions"] for task in written(preannotate))
    assert [(one["model_version"], texts(one)) for one in partial] == [(PARTIAL_VERSION, [TEXTS[0], TEXTS[2]])]
    assert [(one["model_version"], texts(one)) for one in whole] == [(MODEL_VERSION, [TEXTS[3]])]

    web.requests.clear()
    again = preannotate("--input", "tasks.json", *TO_FILES)
    assert again.code == 1
    assert again.output.startswith("Read 0 tasks, 0 pages in ")
    assert "Task 7, page 2: The page's file is not an image that can be read." in again.errors
    assert written(preannotate)[0]["predictions"] == partial
    assert asked(web) == {"/1.png": 1}

    web.routes["/1.png"] = good
    web.requests.clear()
    # What was written may be the next input.
    (preannotate.folder / "tasks.json").write_text((preannotate.folder / "out.json").read_text())
    mended = preannotate("--input", "tasks.json", *TO_FILES)
    assert (mended.code, mended.errors) == (0, "")
    assert asked(web) == {"/1.png": 1}
    (prediction,) = written(preannotate)[0]["predictions"]
    assert prediction["model_version"] == MODEL_VERSION
    assert texts(prediction) == TEXTS[:3]
    assert {result["item_index"] for result in partial[0]["result"]} == {0, 2}
    assert [result for result in prediction["result"] if result["item_index"] != 1] == partial[0]["result"]


def test_a_folder_below_the_document_root(preannotate: Command, tmp_path: Path) -> None:
    pages = tmp_path / "root" / "scans" / "päge 1 + 2"
    pages.mkdir(parents=True)
    shutil.copy(ROOT / "examples" / "pages" / "receipt.png", pages / "receipt & more.PNG")
    (pages / "notes.txt").write_text("no page")
    (tmp_path / "root" / "scans" / "first.png").write_bytes(page("First of all"))
    arguments = ("--folder", "root/scans", *TO_FILES)
    assert "Set LOCAL_FILES_DOCUMENT_ROOT" in preannotate(*arguments).errors
    rooted = Command(tmp_path, {"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path / "root")})
    done = rooted(*arguments)
    assert done.code == 0, done
    first, receipt = written(rooted)
    assert first["data"] == {"image": "/data/local-files/?d=scans/first.png"}
    assert receipt["data"] == {"image": "/data/local-files/?d=scans/p%C3%A4ge%201%20%2B%202/receipt%20%26%20more.PNG"}
    assert texts(first["predictions"][0]) == ["First of all"]
    assert len(texts(receipt["predictions"][0])) > 5
    outside = Command(tmp_path, {"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path / "root" / "scans" / "päge 1 + 2")})
    assert "is not below LOCAL_FILES_DOCUMENT_ROOT" in outside(*arguments).errors


def test_a_prefix_of_a_bucket(preannotate: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    (preannotate.folder / "config.xml").write_text(PAGES_OF_A_TASK)
    with s3_server(tmp_path_factory.mktemp("s3")) as s3:
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_ENDPOINT": s3.url}
        for key in ("scans/a b.png", "scans/deeper/c.png", "other/d.png", "scans/readme.txt"):
            s3.put(key, page(f"Object {key[-5:-4]}"))
        command = Command(preannotate.folder, keys)
        done = command("--s3", "s3://pages/scans/", *TO_FILES)
        assert done.code == 0, done
        assert [(task["data"], texts(task["predictions"][0])) for task in written(command)] == [
            ({"pages": ["s3://pages/scans/a b.png"]}, ["Object b"]),
            ({"pages": ["s3://pages/scans/deeper/c.png"]}, ["Object c"]),
        ]
        wrong = Command(preannotate.folder, keys | {"AWS_SECRET_ACCESS_KEY": "a secret that is wrong"})
        refused = wrong("--s3", "s3://pages/scans/", *TO_FILES)
        assert refused.code == 1
        assert "S3 refused this server's keys (SignatureDoesNotMatch)." in refused.errors
        assert "a secret" not in refused.errors


def test_what_is_in_the_way_is_said(boxocr: Run, preannotate: Command, tasks: list[dict[str, Any]]) -> None:
    arguments = ("--input", "tasks.json", *TO_FILES)
    folder = preannotate.folder

    def says(sentence: str, *typed: object) -> bool:
        done = boxocr("preannotate", *(typed or arguments))
        return done.code == 1 and sentence in done.errors

    assert says("nowhere.xml cannot be read", *arguments[:-1], "nowhere.xml")
    (folder / "config.xml").write_text(LINES.replace('model_preannotate="lines"', ""))
    assert says("The labeling config does not ask for whole pages to be read.")
    (folder / "config.xml").write_text(LINES)
    (folder / "tasks.json").write_text('{"data": {}}')
    assert says("tasks.json is not a list of tasks.")
    (folder / "tasks.json").write_text(json.dumps(tasks[:1]))
    assert preannotate(*arguments).code == 0
    with (folder / "out.json.journal").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert says("Another run is using out.json.journal.")
    (folder / "config.xml").write_text(LINES.replace("lines", "words"))
    assert says("out.json.journal has the results of another labeling config")
    (folder / "config.xml").write_text(LINES.replace('value="$image"', 'value="$image.url"'))
    assert says("exactly one Image whose value is a column", "--s3", "s3://pages", "--output", "2.json", *TO_FILES[2:])


def test_a_page_may_take_longer_to_decode_than_one_that_an_annotator_waits_for(
    preannotate: Command, web: WebServer, tasks: list[dict[str, Any]]
) -> None:
    """Its decoder stands still for three times the limit, as on a machine that is busy with other work."""
    (preannotate.folder / "tasks.json").write_text(json.dumps(tasks[:1]))
    asked_for, stopped = threading.Event(), threading.Event()

    def once_stopped(_: Request) -> Reply:
        asked_for.set()
        stopped.wait(60)
        return Reply(page(TEXTS[0]), headers={"Content-Type": "image/png"})

    web.routes["/0.png"] = once_stopped
    process = preannotate.start("--input", "tasks.json", *TO_FILES, PAGE_DECODE_TIMEOUT="1")
    assert asked_for.wait(60)
    until(lambda: processes_of(ProcessKind.DECODER, process.pid))
    (decoder,) = processes_of(ProcessKind.DECODER, process.pid)
    os.kill(decoder, signal.SIGSTOP)
    stopped.set()
    time.sleep(3)
    os.kill(decoder, signal.SIGCONT)

    assert ended(process).code == 0
    assert [texts(prediction) for prediction in written(preannotate)[0]["predictions"]] == [TEXTS[:1]]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--input", "tasks.json"],
        ["--input", "tasks.json", "--output", "out.json"],
        ["--project", "1", "--output", "out.json"],
        ["--project", "1", "--s3", "s3://pages"],
        ["--project", "0"],
    ],
)
def test_wrong_arguments_end_with_2(preannotate: Command, arguments: list[str]) -> None:
    assert preannotate(*arguments).code == 2
