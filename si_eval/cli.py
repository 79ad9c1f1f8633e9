"""The commands. Each loads what it needs when it runs, inside the handling of Ctrl-C."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from si_eval.errors import InputError, Problem, SiEvalError, StudyError, describe_values
from si_eval.interrupts import Interrupts
from si_eval.system.console import print_error, progress_bar
from si_eval.system.failures import explain_failures
from si_eval.vocabulary import FileFormat, Language, Layout, Profile

if TYPE_CHECKING:
    from si_eval.study.file import Study

SIGNALLED = 128  # a shell adds the number of the signal that ended a command


class Commands(typer.Typer):
    """The commands, in a process that is made ready for them first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name."""
        prepare_process()
        return super().__call__(*args, **kwargs)


ShowValues = Annotated[
    bool, typer.Option("--show-values", help="show values of firms in what is wrong: for eyes inside, copy nothing out")
]
app = Commands(help="Evaluate a programme for enterprises from register extracts.", no_args_is_help=True)


def _show_version(wanted: bool) -> None:
    """Print the version and end the command, where that is wanted."""
    if wanted:
        typer.echo(f"si-eval {metadata.version('si-eval')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Evaluate a programme for enterprises from register extracts."""


@app.command()
def check(
    source: Annotated[Path, typer.Argument(help="an extract folder or a study file")],
    extract: Annotated[Path | None, typer.Option(help="the extract folder, in place of the study's own")] = None,
    show_values: ShowValues = False,
) -> None:
    """Tell what is in an extract, what is wrong with it or with a study, and what a run could and could not answer."""
    with _exit_codes(show_values=show_values):
        from si_eval.registers import extracts  # noqa: PLC0415
        from si_eval.study.checks import check_study, load_checked  # noqa: PLC0415
        from si_eval.study.inputs import extract_arguments, read_registers  # noqa: PLC0415
        from si_eval.study.specification import is_direct  # noqa: PLC0415

        if not _is_study(source):
            examined = extracts.examine_extract(_only(source, extract))
            if not examined.is_known:
                _tell_unknown(source)
        else:
            folders = [] if extract is None else [Path(os.path.realpath(extract))]
            study = load_checked(source, folders=folders)
            check_study(study, folders=folders)
            typer.echo(f"study {study.file.name}: sound, with what it names; {len(study.file.exhibits)} exhibits")
            _tell_unshown(study)
            if not folders and not study.file.extract.folders:
                typer.echo("extract: the study names no folder; check one with `--extract FOLDER`")
                return
            if is_direct(study.file):
                read, linkage, panel = read_registers(study, folders=folders)
                typer.echo("\n".join([read.summary(), linkage.summary(), panel.summary()]))
                return
            examined = extracts.examine_extract(**extract_arguments(study, folders))
        typer.echo(examined.text)
        if examined.problems:
            typer.echo(_values_of(examined.problems, show_values=show_values))
            raise typer.Exit(1)
    given = [] if extract is None else ["--extract", str(extract)]
    _tell_next("si-eval", "run", str(source), *given, "--out", "OUT")


def _tell_unknown(folder: Path) -> None:
    """Say what a folder in another layout is taken for, and end with 1; go on where it is no folder."""
    from si_eval.registers.recognition import recognise_folder  # noqa: PLC0415
    from si_eval.study.proposal import no_register  # noqa: PLC0415

    if not folder.is_dir():
        return
    reading = recognise_folder(folder)
    if not reading.link:
        raise InputError([no_register(reading), *reading.problems], what=f"the folder {folder.name}")
    typer.echo(reading.summary())
    typer.echo(
        f"not in a layout that the library knows; `si-eval new {shlex.quote(str(folder))}` proposes a study file for it"
    )
    raise typer.Exit(1)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="a folder with raw files in any layout")],
    out: Annotated[Path | None, typer.Option(help="the study file to write; by default named after the folder")] = None,
    currency: Annotated[str | None, typer.Option(help="the code of its money, such as GBP")] = None,
    language: Annotated[Language | None, typer.Option(help="the language of the report: nl or en")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="ask nothing: mark what is unsure")] = False,
) -> None:
    """Look at an unknown folder and propose a study file: what each column is, why, and what a run can answer."""
    with _exit_codes():
        from si_eval.study.proposal import write_proposal  # noqa: PLC0415

        ask = None if yes or not sys.stdin.isatty() or not sys.stdout.isatty() else _ask
        written = write_proposal(folder, out, currency=currency, language=language, ask=ask)
    typer.echo(written.summary())


def _ask(question: str, options: Sequence[str], proposed: int) -> int:
    """Ask on the terminal which of several options holds; return its place."""
    typer.echo(question)
    for number, option in enumerate(options, start=1):
        typer.echo(f"  {number}. {option}")
    while True:
        number = typer.prompt("number", default=proposed + 1, type=int)
        if 1 <= number <= len(options):
            return int(number) - 1


@app.command()
def example(
    name: Annotated[
        str,
        typer.Argument(
            help="michigan_training (real firms), innovation_vouchers (simulated), or one in the layout of an office "
            "(simulated): uk_bsd_abs, be_kbo_accounts, eu_sbs"
        ),
    ],
    out: Annotated[Path, typer.Argument(help="a new folder")],
) -> None:
    """Write the files of an example and its study file to a folder, ready for a run."""
    with _exit_codes():
        from si_eval.study.examples import write_example  # noqa: PLC0415

        study = write_example(name, out)
    _tell_next("si-eval", "run", str(study), "--out", str(study.parent / "results"))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="a new folder")],
    preset: Annotated[str, typer.Option(help="which programme")] = "smart_industry_2020",
    scale: Annotated[float, typer.Option(help="part of the population: 1 is the whole country")] = 0.01,
    seed: Annotated[int, typer.Option(help="another seed gives other firms")] = 1,
    layout: Annotated[Layout, typer.Option(help="canonical names or those of the Dutch office")] = "canonical",
    format: Annotated[FileFormat, typer.Option("--format", help="file format")] = "parquet",
    profile: Annotated[
        Profile, typer.Option(help="the published figures, or harder data for methods and teaching")
    ] = "published",
) -> None:
    """Write a simulated extract whose truth is known."""
    with _exit_codes(), progress_bar() as progress:
        from si_eval import synthetic  # noqa: PLC0415

        folder = synthetic.simulate_extract(
            out,
            preset=preset,
            scale=scale,
            seed=seed,
            layout=layout,
            format=format,
            profile=profile,
            progress=progress,
        )
    typer.echo(f"simulated extract: {folder}")
    _tell_next("si-eval", "run", str(folder), "--out", "OUT")


@app.command()
def run(
    source: Annotated[Path, typer.Argument(help="a study file, or an extract folder for the reference study")],
    out: Annotated[Path, typer.Option(help="the folder for the results: new, empty or an earlier run")],
    extract: Annotated[Path | None, typer.Option(help="the extract folder, in place of the study's own")] = None,
    ledger: Annotated[Path | None, typer.Option(help="the file of earlier releases, to protect jointly with")] = None,
    notebooks: Annotated[bool, typer.Option(help="build the report, executing its notebooks")] = True,
    set_aside_earlier: Annotated[
        str | None, typer.Option(help="why earlier releases of other data do not count; the form prints it")
    ] = None,
    show_values: ShowValues = False,
) -> None:
    """Carry out a study: tables, figures, report and the check against the published figures."""
    with _exit_codes(show_values=show_values), progress_bar() as progress:
        from si_eval.study.checks import load_checked  # noqa: PLC0415
        from si_eval.study.kept_inside import inside_folder  # noqa: PLC0415
        from si_eval.study.run import run_study  # noqa: PLC0415

        is_study = _is_study(source)
        folder = extract if is_study else _only(source, extract)
        results = run_study(
            load_checked(source if is_study else None, folders=[] if folder is None else [folder], ledger=ledger),
            out=out,
            extract=folder,
            ledger=ledger,
            notebooks=notebooks,
            set_aside_earlier=set_aside_earlier,
            progress=progress,
        )
    if results.comparison is not None:
        typer.echo(results.comparison.summary())
    _tell_unshown(results.study)
    typer.echo(f"results: {out}")
    for page in sorted((out / "report").glob("report_*")):
        typer.echo(f"report: {page}")
    if notebooks and not any((out / "report").glob("*.pdf")):
        typer.echo("no PDF: Typst is not installed; `pip install si_eval[report]`")
    typer.echo(
        f"stays inside, never copy it out: {inside_folder(out.resolve())} (withheld values, identifiers, evidence)"
    )
    _tell_next("si-eval", "release", str(out))


@app.command()
def release(
    out: Annotated[Path, typer.Argument(help="the results of a run")],
    ledger: Annotated[Path | None, typer.Option(help="the file of earlier releases; by default the run's own")] = None,
    light: Annotated[bool, typer.Option("--light", help="a small output: LIGHT before the name")] = False,
    as_published: Annotated[
        str | None, typer.Option(help="why exhibits under the output rules as_published leave; the form prints it")
    ] = None,
) -> None:
    """Make the package for output control out of the results of a run: one ZIP, scanned byte by byte."""
    with _exit_codes():
        from si_eval.study.release import release_run  # noqa: PLC0415

        made = release_run(out, ledger=ledger, light=light, as_published=as_published)
    typer.echo(f"package for output control: {made.path}")
    if made.as_published:
        typer.echo(f"some exhibits show counts below the threshold (output rules as_published): {made.as_published}")
    typer.echo(f"evidence, stays inside: {made.evidence}")
    if made.ledger is None:
        typer.echo("ledger: none; a later release cannot take this one into account without `--ledger FILE`")
    else:
        typer.echo(f"ledger, stays inside: {made.ledger}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="the results of a run")],
    second: Annotated[Path, typer.Argument(help="the results of another run")],
    csv: Annotated[Path | None, typer.Option(help="a file for all figures that differ")] = None,
) -> None:
    """Tell which figures moved between two runs, by how much, and what differs: files, rules, versions or seed."""
    with _exit_codes():
        from si_eval.results.spreadsheets import write_csv  # noqa: PLC0415
        from si_eval.study.compared_runs import compare_runs  # noqa: PLC0415

        compared = compare_runs(first, second)
        if csv is not None:
            write_csv(compared.frame, csv)
    typer.echo(compared.summary())


@app.command()
def verify(
    out: Annotated[Path, typer.Argument(help="the results of a run")],
    study: Annotated[Path | None, typer.Option(help="the study file, where it stands elsewhere now")] = None,
    extract: Annotated[Path | None, typer.Option(help="the extract folder, where it stands elsewhere now")] = None,
) -> None:
    """Compute a run again and compare: exit 0 where its files are as written and every figure is the same, else 1."""
    with _exit_codes(), progress_bar() as progress:
        from si_eval.study.verification import verify_run  # noqa: PLC0415

        verified = verify_run(out, study=study, extract=extract, progress=progress)
    typer.echo(verified.summary())
    if not verified.holds:
        raise typer.Exit(1)


@app.command()
def notebooks(
    out: Annotated[Path, typer.Argument(help="a folder; the course goes to its folder `teaching`")],
    language: Annotated[str, typer.Option(help="nl or en")] = "en",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace notebooks that are there")] = False,
) -> None:
    """Write the notebooks of the reference study, and a course of five with exercises, to open in Jupyter."""
    with _exit_codes():
        from si_eval.report.notebook_files import find_sources, write_notebooks  # noqa: PLC0415
        from si_eval.study.calls import exhibit_calls  # noqa: PLC0415
        from si_eval.study.file import load_study  # noqa: PLC0415

        study = load_study()
        sources = find_sources(study.resolve(study.file.notebooks[0]).parent)
        written = write_notebooks(sources, out, language=language, calls=exhibit_calls(study), overwrite=overwrite)
    typer.echo(f"notebooks: {out} ({len(written)} files); open them with `jupyter lab {out}`")


def _tell_next(*words: str) -> None:
    """Name the command that one would run next."""
    typer.echo(f"next: {shlex.join(words)}")


def _tell_unshown(study: Study) -> None:
    """Name the exhibits that stand in no chapter of the report."""
    from si_eval.study.chapters import exhibits_in_no_chapter  # noqa: PLC0415

    unshown = exhibits_in_no_chapter(study)
    if unshown:
        typer.echo(f"in no chapter of the report, though made: {', '.join(unshown)}")


def prepare_process() -> None:
    """Make this process independent of odd surroundings: closed streams, encodings, settings that break libraries."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    if sys.getfilesystemencoding().lower() != "utf-8" and not sys.flags.utf8_mode:
        arguments = [sys.executable, "-X", "utf8", "-P", "-m", "si_eval", *sys.argv[1:]]
        os.execve(sys.executable, [os.fsencode(one) for one in arguments], {**os.environ, "PYTHONUTF8": "1"})
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "agg"
    if sys.warnoptions:  # meant for the code of users; here they would end a command at a library's deprecation
        warnings.resetwarnings()
        warnings.simplefilter("ignore")


def _is_study(source: Path) -> bool:
    """Whether a path is that of a study file, to judge by its name."""
    return source.suffix.lower() == ".toml"


def _only(source: Path, extract: Path | None) -> Path:
    """Return the one extract folder that was named; raises `StudyError` for two."""
    if extract is not None:
        raise StudyError(
            f"extract: found a second folder beside {source.name}; expected one extract; name the study file first, "
            "and its extract with `--extract`"
        )
    return source


@contextmanager
def _exit_codes(*, show_values: bool = False) -> Iterator[None]:
    """Exit with a message and 1 on an error or a failing machine, with 128 and the signal's number on Ctrl-C and kill.

    A defect keeps its traceback.
    """
    refusal = ""
    with Interrupts() as interrupts:
        try:
            with explain_failures("si-eval"):
                yield
        except BrokenPipeError:
            raise  # whoever reads the output has enough of it
        except InputError as error:
            refusal = "\n".join(filter(None, [str(error), _values_of(error.problems, show_values=show_values)]))
        except SiEvalError as error:
            refusal = str(error)
        except (Exception, KeyboardInterrupt):
            if not interrupts.came:
                raise
    if interrupts.came:
        print_error("interrupted: no half results; what was there is as it was, or wholly replaced")
        raise typer.Exit(SIGNALLED + interrupts.number)
    if refusal:
        print_error(refusal)
        raise typer.Exit(1)


def _values_of(problems: Sequence[Problem], *, show_values: bool) -> str:
    """Return the values of units in problems, or how to see them; empty where there are none."""
    values = describe_values(problems)
    return values if show_values or not values else "values stay inside and are not shown; `--show-values` shows them"
