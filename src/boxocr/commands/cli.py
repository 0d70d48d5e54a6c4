"""The command line of ``boxocr``."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boxocr.commands.arguments import MODEL_TITLE, make_parser
from boxocr.diagnosis.report import Finding, Printer, Redaction, as_json, failed, failure, skipped, summary
from boxocr.label_studio.errors import CommandFailed
from boxocr.process import scheduling
from boxocr.settings.environment import Settings, SettingsError

if TYPE_CHECKING:
    from boxocr.label_studio.backends import DesiredConnection

_SUCCESS, _FAILURE, _INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: of the command line; by default those of this process.

    Returns:
        The exit code: 0 for success, 1 for a failure. Invalid arguments end the process with 2.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return _SUCCESS
    # Commands print their results, and log messages of libraries would only interrupt them.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        settings = Settings.load()
    except SettingsError as error:
        return _wrong_settings(error, options)
    # An installed script runs without the working folder on sys.path, but the operator's own engine may be there.
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path has strings
        sys.path.append(os.getcwd())  # noqa: PTH109 - the same
    commands = {
        "serve": _serve,
        "doctor": _doctor,
        "connect": _connect,
        "demo": _demo,
        "samples": _samples,
        "import": _import,
        "preannotate": _preannotate,
        "read": _read,
        "report": _report,
        "learn": _learn,
        "next": _next,
        "export": _export,
        "review": _review,
    }
    command = commands[options.command]
    try:
        return command(options, settings)
    except CommandFailed as error:
        Printer(sys.stderr, Redaction(settings)).error(error)
        return _FAILURE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe is gone. Without this, Python would report the error again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILURE


def _wrong_settings(error: SettingsError, options: argparse.Namespace) -> int:
    """Report all invalid values."""
    remedy = "Correct it in the environment or in .env; example.env describes every variable."
    findings = [failed("settings", line, remedy) for line in str(error).splitlines()]
    if options.command == "doctor" and options.json:
        print(as_json(findings))  # noqa: T201 - the command's output
        return _FAILURE
    printer = Printer(sys.stdout if options.command == "doctor" else sys.stderr)
    for finding in findings:
        printer.finding(finding)
    return _FAILURE


# Each command is imported when it runs, so that --help is fast.
# ruff: noqa: PLC0415


def _serve(_: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.serve import serve

    serve(settings)
    return _SUCCESS


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.diagnosis.doctor import examine
    from boxocr.label_studio.hosts import backend_url

    redact = Redaction(settings)
    printer = Printer(sys.stdout, redact)
    findings: list[Finding] = []
    url = backend_url(options.url) if options.url else None
    for finding in examine(settings, project=options.project, url=url):
        findings.append(finding)
        if not options.json:
            printer.finding(finding)
    _conclude(findings, printer, redact, options)
    return _FAILURE if any(finding.ok is False for finding in findings) else _SUCCESS


def _conclude(findings: list[Finding], printer: Printer, redact: Redaction, options: argparse.Namespace) -> None:
    if options.json:
        print(as_json(findings, redact))  # noqa: T201 - the command's output
    else:
        printer.text(summary(findings))


def _connect(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.connect import connect, open_api

    desired = _desired(options.url, options.title, settings)
    with open_api(settings) as api:
        done = connect(api, options.project, desired, url_given=bool(options.url))
    printer = Printer(sys.stdout, Redaction(settings))
    for sentence in done.sentences():
        printer.text(sentence)
    return _SUCCESS


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands import samples
    from boxocr.commands.connect import open_api
    from boxocr.commands.demo import run

    printer = Printer(sys.stdout, Redaction(settings))
    desired = _desired(options.url, MODEL_TITLE, settings)
    with open_api(settings) as api:
        storage = samples.fill(settings, options.bucket, printer.text) if options.bucket else None
        learns = not settings.missing_for_learning()
        link = run(api, desired, printer.text, url_given=bool(options.url), storage=storage, learns=learns)
    printer.text("Open it, choose a task, switch Auto-Annotation and Auto-Accept Suggestions on, and draw a box:")
    printer.line(link.replace(api.url, options.link.rstrip("/"), 1) if options.link else link)
    return _SUCCESS


def _samples(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands import samples

    samples.fill(settings, options.bucket, Printer(sys.stdout, Redaction(settings)).text)
    return _SUCCESS


def _import(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.import_documents import Work, import_documents
    from boxocr.commands.import_remarks import grouped

    redact = Redaction(settings)
    printer, failures = Printer(sys.stdout, redact), Printer(sys.stderr, redact)
    work = Work(
        options.inputs,
        options.project,
        options.to,
        options.dpi,
        tuple(options.password),
        text_layer=options.text_layer == "auto",
    )
    outcome = import_documents(work, settings, printer.text)
    for name, reason in outcome.skipped:
        printer.finding(skipped(name, f"{reason}, skipped"))
    for name, sentence in grouped(outcome.remarks):
        printer.finding(skipped(name, sentence))
    for name, error in outcome.failures:
        failures.finding(failure(name, error))
    return _SUCCESS if outcome.succeeded else _FAILURE


def _preannotate(options: argparse.Namespace, settings: Settings) -> int:
    if options.to is not None and options.folder is None and options.s3 is None:
        options.refuse("--to only goes with --folder and --s3")
    given = [name for name in ("output", "config") if getattr(options, name) is not None]
    if options.project is not None and given:
        options.refuse(f"--{given[0]} does not go with --project: the project has its own labeling config")
    if options.project is None and len(given) < 2:  # noqa: PLR2004 - both of them
        options.refuse("--output and --config are needed unless there is a --project")
    from boxocr.commands.preannotate.command import Work, preannotate

    redact = Redaction(settings)
    failures = Printer(sys.stderr, redact)
    work = Work(
        project=options.project,
        tasks=options.input,
        documents=options.folder or options.s3,
        output=options.output,
        config=options.config,
        to=options.to,
        dpi=options.dpi,
        passwords=tuple(options.password),
        ray=options.ray,
    )
    done = preannotate(
        work,
        settings,
        Printer(sys.stdout, redact).text,
        lambda name, reason: failures.finding(failed(name, reason, "")),
    )
    if done.stopped is not None:
        # Shells report a signal as 128 plus its number: 130 for Ctrl-C, 143 for SIGTERM.
        return 128 + done.stopped
    return _FAILURE if done.failures else _SUCCESS


def _read(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.read import Work, read
    from boxocr.settings import engine_names
    from boxocr.settings.environment import parse_languages

    try:
        engine = engine_names.parse(options.engine) if options.engine else settings.ocr_engine
        languages = settings.ocr_lang
        if options.languages:
            languages = parse_languages(options.languages, engine, settings.tessdata_prefix)
    except ValueError as error:
        options.refuse(str(error))
    failures = Printer(sys.stderr, Redaction(settings))
    done = read(
        Work(options.files, options.format, options.picture, languages, engine),
        settings,
        sys.stdout,
        lambda name, error: failures.finding(failure(name, error)),
        lambda name, warning: failures.text(f"{name}: {warning}"),
    )
    return _SUCCESS if done else _FAILURE


def _learn(options: argparse.Namespace, settings: Settings) -> int:
    # Before numpy is imported, which the next import does.
    scheduling.limit_blas_threads()
    from boxocr.commands.learn import Action, Work, learn

    chosen = {
        Action.DRY_RUN: options.dry_run,
        Action.DUE: options.if_due,
        Action.SHOW: options.show,
        Action.USE: options.use is not None,
        Action.OFF: options.off,
        Action.FORGET: options.forget,
    }
    action = next((action for action, asked in chosen.items() if asked), Action.LEARN)
    printer = Printer(sys.stdout, Redaction(settings))
    learn(Work(options.project, action, options.use), settings, printer.text, sys.stderr)
    return _SUCCESS


def _next(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.next_tasks import list_next

    printer = Printer(sys.stdout, Redaction(settings))
    list_next(options.project, options.most, settings, printer, sys.stderr)
    return _SUCCESS


def _export(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.export import Work, export
    from boxocr.documents.formats import FORMATS
    from boxocr.documents.splits import Shares
    from boxocr.learning.annotators import Annotators

    try:
        shares = Shares.parse(options.split) if options.split else None
    except ValueError:
        options.refuse("--split needs whole numbers with the sum of 100, such as 80,10,10")
    failures = Printer(sys.stderr, Redaction(settings))
    done = export(
        Work(
            options.project,
            FORMATS[options.format],
            options.output,
            Annotators(options.annotators),
            shares,
            options.seed,
        ),
        settings,
        Printer(sys.stdout, Redaction(settings)).text,
        lambda name, error: failures.finding(failure(name, error)),
        sys.stderr,
    )
    return _SUCCESS if done else _FAILURE


def _review(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.review import Work, run_review

    failures = Printer(sys.stderr, Redaction(settings))
    done = run_review(
        Work(options.project, options.html, options.json, options.write, options.fill),
        settings,
        Printer(sys.stdout, Redaction(settings)).text,
        lambda name, error: failures.finding(failure(name, error)),
        sys.stderr,
    )
    return _SUCCESS if done else _FAILURE


def _report(options: argparse.Namespace, settings: Settings) -> int:
    from boxocr.commands.report import Work, report

    work = Work(options.project, options.html, options.json, options.csv)
    report(work, settings, Printer(sys.stdout, Redaction(settings)).text, sys.stderr)
    return _SUCCESS


def _desired(url: str | None, title: str, settings: Settings) -> "DesiredConnection":
    from boxocr.label_studio.backends import desired_connection
    from boxocr.label_studio.hosts import backend_url

    return desired_connection(settings, backend_url(url) if url else f"http://localhost:{settings.port}", title)
