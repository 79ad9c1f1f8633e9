"""The commit that a run was made at: known where the source is of a commit, and nothing where it is not."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from si_eval.study.provenance import describe_commit

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    answer = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@pytest.fixture
def work_tree(tmp_path):
    """Give a work tree with a study and a package of one commit."""
    (tmp_path / "package").mkdir()
    for name in ("study.toml", "package/module.py"):
        (tmp_path / name).write_text("a = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


@needs_git
@pytest.mark.parametrize(("source", "part"), [("study.toml", "study.toml"), ("package", "package/module.py")])
def test_a_source_is_of_a_commit_and_is_changed_once_it_is(work_tree, source, part):
    commit = git(work_tree, "rev-parse", "HEAD")
    (work_tree / "other.txt").write_text("beside it")
    assert describe_commit(work_tree / source) == {"commit": commit, "changed": False}
    (work_tree / part).write_text("a = 2\n")
    assert describe_commit(work_tree / source) == {"commit": commit, "changed": True}


@needs_git
def test_a_source_that_was_never_added_is_of_no_commit(work_tree):
    installed = work_tree / "site-packages" / "package"
    installed.mkdir(parents=True)
    (installed / "module.py").write_text("a = 1\n")
    assert describe_commit(installed) is None


@needs_git
def test_a_work_tree_named_in_the_environment_is_not_that_of_the_source(work_tree, tmp_path_factory, monkeypatch):
    outside = tmp_path_factory.mktemp("outside") / "study.toml"
    outside.write_text("a = 1\n")
    monkeypatch.setenv("GIT_DIR", str(work_tree / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(outside.parent))
    assert describe_commit(outside) is None


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    (tmp_path / "study.toml").write_text("a = 1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_commit(tmp_path / "study.toml") is None
