"""What is wrong with the keys and types of a file of facts: the errors of its model as problems that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError

from si_eval.errors import Problem, propose_name


def shape_problems(
    error: ValidationError,
    where: str,
    model: type[BaseModel],
    parts: Mapping[str, type[BaseModel]],
    *,
    aliases: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """Yield a problem for each error of a model: unknown keys with the nearest known one, values of another type.

    ``parts`` are the models of what stands under a key of the file, ``aliases`` the names of keys in the file by those
    of the model, where they differ.
    """
    for entry in error.errors():
        path = [str(part) for part in entry["loc"]]
        column = ".".join((aliases or {}).get(part, part) for part in path)
        if entry["type"] == "extra_forbidden":
            known = list((parts.get(path[0], model) if len(path) > 1 else model).model_fields)
            action = propose_name(path[-1], known, "remove it")
            yield Problem(where, "an unknown key", f"one of {', '.join(known)}", action, column=column)
        else:
            found = "nothing" if entry["type"] == "missing" else repr(entry["input"])[:80]
            yield Problem(where, found, entry["msg"].lower(), "correct this key", column=column)
