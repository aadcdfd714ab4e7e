"""What README and CONTRIBUTING promise: commands, tables, file tree, pictures, pins."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess

import pytest

from ae_core import config
from ae_core.commands.options import build_parser
from ae_core.commands.training import run_from_options
from ae_core.corruption import CORRUPTIONS
from ae_core.runs.store import SHIPPED
from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text()
CONTRIBUTING = (PROJECT / "CONTRIBUTING.md").read_text()
SET_UP = (
    "pip install -r requirements.txt && streamlit run app.py",
    "pip install -r tests/requirements.txt && python -m pytest",
)
# In two parts each, so that this file does not name them either.
REGISTRY_HOSTS = [
    first + second
    for first, second in (
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("download.py", "torch.org"),
        ("registry.np", "mjs"),
        ("registry.yarn", "pkg"),
        ("conda.ana", "conda.org"),
        ("index.cra", "tes.io"),
    )
]


@pytest.fixture(scope="module")
def project_files() -> list[str]:
    """Every file of the project, as the version control lists them: kept or new, not ignored."""
    if not (PROJECT / ".git").exists():
        pytest.skip(
            "this copy of the lab is not under version control, so its files cannot be told from others"
        )
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return sorted(name for name in set(listed) if (PROJECT / name).is_file())


def section(title: str) -> str:
    """What stands in the README under `## title`."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without its head."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def tree() -> list[str]:
    """Every path in the README's file tree, folders with a slash at the end."""
    paths, folders = [], []
    for line in section("File tree").split("```")[1].strip().splitlines():
        indent, name, words = re.fullmatch(r"( *)(\S+) {2,}(\S.*)", line).groups()
        assert words, name
        folders = folders[: len(indent) // 2]
        paths.append("".join(folders) + name)
        if name.endswith("/"):
            folders.append(name)
    return paths


def commands(text: str) -> list[str]:
    """Every `python -m ae_core …` in a code block or between backticks, RUN_ID replaced by a run's name."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [
        line.strip().replace("RUN_ID", "0123456789abcdef")
        for line in lines
        if line.strip().startswith("python -m ae_core")
    ]


def parsed(command: str) -> argparse.Namespace:
    return build_parser().parse_args(shlex.split(command)[3:])


def manifest_commands() -> dict[str, str]:
    """The command recorded for each shipped run, by the run's name."""
    manifests = sorted(SHIPPED.glob("*/manifest.json"))
    return {path.parent.name: json.loads(path.read_text())["result"]["command"] for path in manifests}


def test_the_file_tree_lists_exactly_the_source_files(project_files):
    source = [
        name
        for name in project_files
        if re.fullmatch(r"[^/]+|(ae_core|pages)/.+\.(py|js|css|html)", name)
        and not re.search(r"/.+/__init__\.py", name)
    ]
    listed = [
        path for path in tree() if not path.endswith("/") and not path.startswith((".ci/", ".streamlit/"))
    ]
    assert sorted(listed) == sorted(source)


def test_the_file_tree_lists_every_folder_at_the_top(project_files):
    folders = {name.split("/")[0] + "/" for name in project_files if "/" in name}
    assert {path for path in tree() if re.fullmatch(r"[^/]+/", path)} == folders


def test_everything_in_the_file_tree_is_there():
    assert [path for path in tree() if not (PROJECT / path).exists()] == []


def test_the_table_of_lessons_lists_the_pages_in_the_order_of_the_app():
    app = re.findall(r'"(pages/[^"]+)": (?:say\()?"([^"]+)"', (PROJECT / "router.py").read_text())
    assert [row[0] for row in table(section("Lessons"))] == [f"{title}, `{path}`" for path, title in app]
    assert {path for path, _ in app} == {f"pages/{path.name}" for path in (PROJECT / "pages").glob("*.py")}


@pytest.mark.parametrize("command", commands(README) + commands(CONTRIBUTING))
def test_every_command_is_one_that_the_command_line_takes(command):
    options = parsed(command)
    if hasattr(options, "preset"):
        run_from_options(options)


def test_every_command_has_an_example():
    actions = next(
        action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert {command.split()[3] for command in commands(README)} == set(actions.choices)


def test_a_command_that_does_not_exist_would_be_noticed(capsys):
    with pytest.raises(SystemExit):
        parsed(commands("```\npython -m ae_core train --preset dae \\\n  --noise 0.4\n```")[0])
    assert "--noise" in capsys.readouterr().err


def test_the_table_of_environment_variables_lists_exactly_those_the_lab_reads():
    source = "".join(
        path.read_text() for folder in ("ae_core", "pages") for path in (PROJECT / folder).rglob("*.py")
    )
    assert {row[0].strip("`") for row in table(section("Environment variables"))} == set(
        re.findall(r"AE_LAB_[A-Z_]*[A-Z]", source)
    )


def test_the_table_of_shipped_runs_shows_the_recorded_figures():
    rows = []
    for name in manifest_commands():
        result = json.loads((SHIPPED / name / "manifest.json").read_text())["result"]
        run = config.from_json((SHIPPED / name / "config.json").read_text())
        error, psnr = result["test"]["mse"] * config.PIXELS, result["test"]["psnr"]
        left_out = ", ".join(map(str, run.data.left_out))
        kind = "" if run.corruption.kind == "gaussian" else f"{config.NOISE_WORDS[run.corruption.kind]} "
        settings = (
            f"{config.family(run)}{f' without {left_out}' if left_out else ''}",
            str(run.model.latent_size),
            f"{kind}{run.corruption.level:g}",
            str(run.training.epochs),
        )
        rows.append([*settings, f"{error:.2f}", f"{psnr:.2f}", f"{result['train_seconds']:.0f}", f"`{name}`"])
    order = {"FAE": 0, "CAE": 1, "DAE": 2, "linear FAE": 3, "CAE without 7": 4}
    assert table(section("What comes with it")) == sorted(
        rows, key=lambda row: (order[row[0]], int(row[1]), row[2])
    )


@pytest.mark.parametrize(("name", "command"), manifest_commands().items())
def test_the_command_recorded_for_a_shipped_run_trains_exactly_that_run(name, command):
    options = parsed(command)
    assert config.run_id(run_from_options(options)) == name


def test_every_model_comes_in_every_size_and_all_of_them_take_no_more_than_30_megabytes():
    runs = [config.from_json((SHIPPED / name / "config.json").read_text()) for name in manifest_commands()]
    runs = [run for run in runs if not run.data.left_out]
    for preset in (config.FAE, config.CAE, config.DAE):
        assert sorted(run.model.latent_size for run in runs if config.is_like(run, preset)) == list(
            config.SHIPPED_SIZES
        )
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 30e6


def test_the_runs_named_in_examples_come_with_the_lab():
    assert set(re.findall(r"\b[0-9a-f]{16}\b", README)) <= set(manifest_commands())


@pytest.mark.parametrize(("words", "path"), re.findall(r"\[([^\]]*)\]\((?!https?:)([^)]+)\)", README))
def test_pictures_and_linked_files_are_there_and_described(words, path):
    assert words.strip()
    assert (PROJECT / path).is_file()


@pytest.mark.parametrize("command", SET_UP)
def test_the_set_up_command_stands_in_the_readme_word_for_word(command):
    assert f"\n```\n{command}\n```\n" in README


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_requirement_is_pinned_exactly(name):
    lines = [line.split("#")[0].strip() for line in (PROJECT / name).read_text().splitlines()]
    loose = [
        line
        for line in lines
        if line and not re.fullmatch(r'[A-Za-z0-9._-]+==\d+(\.\d+)*(; sys_platform != "win32")?', line)
    ]
    assert loose == (["-r ../requirements.txt"] if name.startswith("tests/") else [])


def test_no_file_names_a_package_registry(project_files):
    named = [
        (name, host)
        for name in project_files
        for host in REGISTRY_HOSTS
        if host.encode() in (PROJECT / name).read_bytes()
    ]
    assert named == []


def test_a_kind_of_noise_is_known_to_the_core_the_settings_and_the_dials_alike():
    from pages.shared.dials import NOISE_WORDS

    assert set(CORRUPTIONS) == set(config.NOISE_KINDS) == set(NOISE_WORDS)
