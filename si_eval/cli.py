"""The commands: check, simulate, run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from si_eval import extracts, synthetic
from si_eval.errors import SiEvalError
from si_eval.run import run_study
from si_eval.study import extract_arguments
from si_eval.study_file import load_study
from si_eval.vocabulary import FileFormat, Layout

app = typer.Typer(help="Evaluate a programme for enterprises from register extracts.", no_args_is_help=True)
errors = Console(stderr=True)


@app.command()
def check(source: Annotated[Path, typer.Argument(help="an extract folder or a study file")]) -> None:
    """Say what is in an extract, what is wrong with it, and what a run could and could not answer."""
    with _errors_that_teach():
        a_study = source.suffix.lower() == ".toml"
        arguments = extract_arguments(load_study(source)) if a_study else {"source": source}
        typer.echo(extracts.describe_extract(**arguments))
        if extracts.find_problems(**arguments):
            raise typer.Exit(1)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="a new folder")],
    preset: Annotated[str, typer.Option(help="which programme")] = "smart_industry_2020",
    scale: Annotated[float, typer.Option(help="part of the population: 1 is the whole country")] = 0.01,
    seed: Annotated[int, typer.Option(help="another seed gives other firms")] = 1,
    layout: Annotated[Layout, typer.Option(help="canonical names or those of the Dutch office")] = "canonical",
    format: Annotated[FileFormat, typer.Option("--format", help="file format")] = "parquet",
) -> None:
    """Write a simulated extract whose truth is known."""
    with _errors_that_teach(), _bar() as progress:
        folder = synthetic.simulate_extract(
            out, preset=preset, scale=scale, seed=seed, layout=layout, format=format, progress=progress
        )
    typer.echo(f"simulated extract: {folder}")


@app.command()
def run(
    source: Annotated[Path, typer.Argument(help="a study file, or an extract folder for the reference study")],
    out: Annotated[Path, typer.Option(help="the folder for the results: new, empty or an earlier run")],
    extract: Annotated[Path | None, typer.Option(help="the extract folder, in place of the study's own")] = None,
    notebooks: Annotated[bool, typer.Option(help="execute the notebooks and build the report")] = True,
) -> None:
    """Carry out a study: tables, figures, report and the check against the published figures."""
    with _errors_that_teach(), _bar() as progress:
        if source.suffix.lower() == ".toml":
            results = run_study(source, out=out, extract=extract, notebooks=notebooks, progress=progress)
        else:
            results = run_study(load_study(), out=out, extract=source, notebooks=notebooks, progress=progress)
    if results.comparison is not None:
        typer.echo(results.comparison.summary())
    typer.echo(f"results: {out}")
    for page in sorted((out / "report").glob("*.html")):
        typer.echo(f"report: {page}")


@contextmanager
def _errors_that_teach() -> Iterator[None]:
    """Print an error of ours as its message and end with 1; anything else is a defect and keeps its traceback."""
    try:
        yield
    except SiEvalError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
    """Show the step at work and how far it is."""
    with Progress(TextColumn("{task.description:<45}"), BarColumn(), TimeElapsedColumn(), console=errors) as bar:
        task = bar.add_task("", total=1.0)

        def show(step: str, fraction: float) -> None:
            bar.update(task, description=step, completed=fraction)

        yield show
