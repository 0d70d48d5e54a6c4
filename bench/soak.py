"""Draw ten thousand boxes with different texts while readers are killed and pages fail.

``make soak`` writes ``bench/results/soak.json``; ``--boxes`` sets the number of boxes for a shorter run.
``make soak ARGS="--attack --minutes 10"`` draws for ten minutes while the server is attacked (:mod:`bench.attacks`) and
decoders are killed too, and writes ``bench/results/soak_attack.json``.
"""

import argparse
import itertools
import json
import math
import os
import platform
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.attacks import Attack
from bench.monitoring import Samples, monitored
from bench.numbered_pages import BOXES_ON_A_PAGE, WIDTH, page, without_space, word
from bench.processes import ProcessKind
from tests.backend import Backend, running
from tests.payloads import notes, payload, texts
from tests.servers.web import Reply, Request, web_server

RESULTS = Path(__file__).parent / "results"

# The page server's faults. One box in FAULTY_EVERY is on a faulty page, and must be answered with a message.
FAULTY_PAGES = {
    "missing": Reply(status=404),
    "busy": Reply(status=429),
    "broken": Reply(status=500),
    "cut off": Reply(raw=[b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n"]),
    "no image": Reply(b"<!doctype html><p>Log in"),
}
FAULTY_EVERY = 25

# The limits in docs/reliability.md, with two readers.
MOST_MEGABYTES = 5000

MOST_HEALTH_MS = 1000

# The message for the box of a killed reader.
READER_KILLED = "The OCR engine crashed on this box."


@dataclass(frozen=True)
class Plan:
    """A run.

    Attributes:
        name: of the file with the figures.
        annotators: how many draw at the same time, each as soon as its last box is answered.
        kill_every: seconds after which a process of each kind is killed.
        killed: the kinds of processes that are killed.
        is_attacked: whether there is hostile traffic.
        environment: settings of the server.
    """

    name: str
    annotators: int
    kill_every: float
    killed: Sequence[ProcessKind]
    is_attacked: bool
    environment: Mapping[str, str]


# A small cache, so that pages are evicted.
USUAL = Plan("soak.json", 12, 3.0, [ProcessKind.READER], is_attacked=False, environment={"PAGE_CACHE_MB": "40"})
ATTACKED = Plan("soak_attack.json", 24, 10.0, list(ProcessKind), is_attacked=True, environment={})


@dataclass
class Tally:
    """Outcomes of the boxes.

    Attributes:
        outcomes: number of boxes with each outcome.
        wrong: boxes with the text or the id of another box.
        lost: boxes without the answer that they should have.
        seconds: response times, including those of requests that were asked to wait.
        asked_to_wait: requests that were answered with 503 and repeated.
        drawn: all texts on the pages that were served.
        lock: held while the others are changed.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    asked_to_wait: int = 0
    drawn: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


def draw(server: Backend, pages: str, number: int, tally: Tally) -> None:
    """Draw one box and check its answer."""
    row = number % BOXES_ON_A_PAGE
    faulty = number % FAULTY_EVERY == 0
    name = list(FAULTY_PAGES)[number // FAULTY_EVERY % len(FAULTY_PAGES)]
    address = f"{pages}/{name}/{number}" if faulty else f"{pages}/pages/{number // BOXES_ON_A_PAGE}"
    body = payload("one-box", "")
    body["tasks"][0]["data"]["ocr"] = address
    value = {"x": 100 * 70 / WIDTH, "y": 100 * row / BOXES_ON_A_PAGE, "width": 40.0, "height": 100 / BOXES_ON_A_PAGE}
    body["params"]["context"]["result"][0]["value"] |= value
    body["params"]["context"]["result"][0]["id"] = f"box-{number}"
    began = time.monotonic()
    outcome, problem = outcome_of(server, body, number, tally, faulty=faulty)
    with tally.lock:
        tally.seconds.append(time.monotonic() - began)
        tally.outcomes[outcome] += 1
        if problem:
            (tally.wrong if outcome.startswith("another's") else tally.lost).append(problem)


def outcome_of(server: Backend, body: dict[str, Any], number: int, tally: Tally, *, faulty: bool) -> tuple[str, str]:
    """Return the outcome of a box, and its problem, if any."""
    while True:
        try:
            answer = server.post("/predict", body)
        except requests.RequestException as error:
            return "no answer", f"box {number}: {type(error).__name__}"
        if answer.status_code != requests.codes.service_unavailable:
            break
        with tally.lock:
            tally.asked_to_wait += 1
        time.sleep(float(answer.headers["Retry-After"]))
    if answer.status_code != requests.codes.ok:
        return f"status {answer.status_code}", f"box {number}: {answer.reason}"
    predictions = [prediction for prediction in answer.json()["results"] if prediction]
    if not predictions:
        return "no result", f"box {number}: {answer.text}"
    return outcome_of_results(predictions[0]["result"], number, tally, faulty=faulty)


def outcome_of_results(results: list[dict[str, Any]], number: int, tally: Tally, *, faulty: bool) -> tuple[str, str]:
    """Return the same for an answer with status 200."""
    if {result["id"] for result in results} != {f"box-{number}"}:
        return "another's box", f"box {number}: {results}"
    read, said = texts(results).get(f"box-{number}"), notes(results)
    if faulty:
        return ("fault told", "") if said and read is None else ("fault not told", f"box {number}: {read}")
    if read is None:
        told = bool(said) and READER_KILLED in said[0]
        return ("reader killed, told", "") if told else ("no text", f"box {number}: {said}")
    read = without_space(read)
    if read == without_space(word(number)):
        return "text", ""
    # A reading may have a wrong letter; the text of another box differs in its digits, which encode its number.
    return ("another's text", f"box {number}: {read}, not {word(number)}") if read in tally.drawn else ("misread", "")


def quantile(seconds: list[float], share: float) -> float:
    """Return the quantile for this share, in milliseconds."""
    return round(sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000, 1)


def soak(plan: Plan, boxes: float, seconds: float) -> dict[str, Any]:
    """Draw boxes until there are ``boxes`` or ``seconds`` have passed, and return the figures."""
    tally, numbers = Tally(), itertools.count()

    def answer(request: Request) -> Reply:
        _, kind, number = request.path.split("/")
        if kind in FAULTY_PAGES:
            return FAULTY_PAGES[kind]
        tally.drawn.update(without_space(word(int(number) * BOXES_ON_A_PAGE + row)) for row in range(BOXES_ON_A_PAGE))
        return Reply(page(int(number)), headers={"Content-Type": "image/png"})

    with web_server() as web, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        web.routes[""] = answer
        environment = {"ALLOWED_IMAGE_HOSTS": "127.0.0.1", "OCR_ENGINE": "tesseract"}
        # The annotators draw as fast as they get answers, all from one address.
        environment |= {"REQUESTS_PER_SECOND": "0"}
        server = stack.enter_context(running(Path(folder), environment | dict(plan.environment)))
        attack = stack.enter_context(Attack(server)) if plan.is_attacked else None
        began = time.monotonic()

        def annotate(_: int) -> None:
            while time.monotonic() < began + seconds and (number := next(numbers)) < boxes:
                draw(server, web.url, number, tally)

        with monitored(server, plan.killed, plan.kill_every) as samples:
            with ThreadPoolExecutor(plan.annotators) as annotators:
                list(annotators.map(annotate, range(plan.annotators)))
            took = time.monotonic() - began
        stack.close()
        log = server.log.read_text()
    return {
        **figures_of_boxes(tally, took),
        **figures_of_server(samples),
        "tracebacks_in_the_log": log.count("Traceback"),
        **(figures_of_attack(attack) if attack else {}),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
    }


def figures_of_boxes(tally: Tally, seconds: float) -> dict[str, Any]:
    """Return the figures about the boxes."""
    return {
        "boxes": tally.outcomes.total(),
        "seconds": round(seconds, 1),
        "outcomes": dict(tally.outcomes.most_common()),
        "wrong": tally.wrong[:20],
        "lost": tally.lost[:20],
        "asked_to_wait": tally.asked_to_wait,
        "box_ms": {"p50": quantile(tally.seconds, 0.5), "p99": quantile(tally.seconds, 0.99)},
    }


def figures_of_server(samples: Samples) -> dict[str, Any]:
    """Return the figures about /health, the memory and the killed processes."""
    megabytes, quarter = samples.megabytes, max(len(samples.megabytes) // 4, 1)
    return {
        "readers_killed": samples.killed[ProcessKind.READER],
        "decoders_killed": samples.killed[ProcessKind.DECODER],
        "health_ms": {
            "asked": len(samples.health_seconds),
            "p50": quantile(samples.health_seconds, 0.5),
            "p99.9": quantile(samples.health_seconds, 0.999),
            "max": quantile(samples.health_seconds, 1),
            "failed": samples.health_failures[:20],
        },
        "memory_mb": {
            "second_quarter_mean": round(sum(megabytes[quarter : 2 * quarter]) / quarter),
            "last_quarter_mean": round(sum(megabytes[-quarter:]) / quarter),
            "peak": round(max(megabytes, default=0)),
        },
    }


def figures_of_attack(attack: Attack) -> dict[str, Any]:
    """Return the figures about the hostile traffic."""
    return {
        "attack": {
            "outcomes": {name: dict(outcomes.most_common()) for name, outcomes in attack.outcomes.items()},
            "unanswered": attack.unanswered,
            "idle_connections_closed": attack.idle.closed,
            "idle_connections_refused": attack.idle.refused,
        }
    }


def conditions(plan: Plan, found: dict[str, Any]) -> dict[str, bool]:
    """Return the conditions of a run, and whether each was met."""
    text, misread = found["outcomes"].get("text", 0), found["outcomes"].get("misread", 0)
    memory = found["memory_mb"]
    met = {
        "no box gets another's text": not found["wrong"],
        "no box is lost": not found["lost"],
        "nearly all texts are read correctly": misread <= 0.02 * (text + misread),
        "only a killed reader costs a box its text": found["outcomes"].get("reader killed, told", 0)
        <= found["readers_killed"],
        "/health is answered": not found["health_ms"]["failed"],
        "/health answers within a second at p99.9": found["health_ms"]["p99.9"] <= MOST_HEALTH_MS,
        "nothing is logged as an exception": found["tracebacks_in_the_log"] == 0,
    }
    if plan.is_attacked:
        outcomes = found["attack"]["outcomes"].values()
        met["hostile requests are answered"] = not found["attack"]["unanswered"]
        # A file whose decoder was killed is decoded once more.
        met["only decoders killed twice cost a file its decoding"] = (
            2 * sum(each.get("decoder killed", 0) for each in outcomes) <= found["decoders_killed"]
        )
        met[f"memory stays below {MOST_MEGABYTES} MB"] = memory["peak"] < MOST_MEGABYTES
    else:
        met["memory stays flat"] = memory["last_quarter_mean"] <= 1.15 * memory["second_quarter_mean"] + 30
    return met


def main() -> None:
    """Run the soak test, print and save the figures; fail if a condition is violated."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boxes", type=int, help="10,000 by default, without --minutes")
    parser.add_argument("--minutes", type=float, default=math.inf, help="draw no longer than this")
    parser.add_argument("--attack", action="store_true", help="attack the server meanwhile, with 24 annotators")
    parser.add_argument("--no-file", action="store_true", help="only print the figures")
    arguments = parser.parse_args()
    plan = ATTACKED if arguments.attack else USUAL
    boxes = arguments.boxes or (10_000 if arguments.minutes == math.inf else math.inf)
    found = soak(plan, boxes, arguments.minutes * 60)
    met = conditions(plan, found)
    if not arguments.no_file:
        (RESULTS / plan.name).write_text(f"{json.dumps(found | {'conditions': met}, indent=2)}\n")
    print_summary(found, met)
    sys.exit(0 if all(met.values()) else 1)


def print_summary(found: dict[str, Any], met: dict[str, bool]) -> None:
    """Print the figures for people, and the conditions."""
    health, memory = found["health_ms"], found["memory_mb"]
    print(f"{found['boxes']} boxes in {found['seconds']:.0f} s: {counted(found['outcomes'])}")
    print(f"a box: p50 {found['box_ms']['p50']:.0f} ms, p99 {found['box_ms']['p99']:.0f} ms")
    print(f"/health: p50 {health['p50']:.0f} ms, p99.9 {health['p99.9']:.0f} ms, at most {health['max']:.0f} ms")
    print(f"memory: at most {memory['peak']} MB, {memory['last_quarter_mean']} MB in the last quarter")
    print(f"killed: {found['readers_killed']} readers, {found['decoders_killed']} decoders")
    if attack := found.get("attack"):
        print(f"idle connections that the server closed: {attack['idle_connections_closed']}")
        for name, outcomes in attack["outcomes"].items():
            print(f"  {name}: {counted(outcomes)}")
    for problem in [*found["wrong"], *found["lost"], *health["failed"], *found.get("attack", {}).get("unanswered", [])]:
        print(f"  problem: {problem}")
    for condition, is_met in met.items():
        print(f"{'pass' if is_met else 'FAIL'}  {condition}")


def counted(outcomes: Mapping[str, int]) -> str:
    """Return outcomes with their numbers in words."""
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())


if __name__ == "__main__":
    main()
