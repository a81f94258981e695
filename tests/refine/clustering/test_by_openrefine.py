"""Methods that OpenRefine answers itself: asked in one process, they give what its engine gives in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cluster_columns import generated_column
from openrefine import OpenRefine
from person_names import NAMES, strange_texts
from refined import comparable

from sevenfold.contracts.errors import DataError, MissingExtraError
from sevenfold.refine.keyers import OPENREFINE_KEYERS
from sevenfold.refine.keyers.openrefine import keys_of

pytest.importorskip("jpype")
TEXTS = list(dict.fromkeys([*NAMES, *strange_texts(5, 1_000)]))
COLUMNS = [NAMES * 2 + [name.upper() for name in NAMES], *(generated_column(seed) for seed in range(8))]
PACKAGE = "com/google/refine/clustering/binning"
PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from sevenfold.refine.clustering.clusters import counted
from sevenfold.refine.clustering.methods import Method, clusters_of
from sevenfold.refine.columns import Column
from sevenfold.refine.keyers.openrefine import keys_of

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore it
folder, asked, answer = Path(sys.argv[1]), json.load(sys.stdin), {}
clusters_of({"a": 1, "A": 1}, Method(openrefine=folder))
answer["loaded"] = "jpype" in sys.modules
for name in asked["methods"]:
    method = Method(name=name, openrefine=folder)
    found = [clusters_of(counted(Column.of("a", cells)), method) for cells in asked["columns"]]
    clusters = [[[*zip(each.texts, each.counts)] for each in column] for column in found]
    answer[name] = {"keys": list(keys_of(asked["texts"], name, folder).values()), "clusters": clusters}
try:
    keys_of(map(str, range(10_000)), "metaphone3", folder, lambda done: os.kill(os.getpid(), signal.SIGINT))
except KeyboardInterrupt:
    answer["interrupted"] = True
answer["terminating"] = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
print(json.dumps(answer))
os.kill(os.getpid(), signal.SIGTERM)
"""


def asked(folder: Path, **questions: Any) -> dict[str, Any]:
    """Return what a process answers that asks OpenRefine in itself, on a machine set to Turkish."""
    given = {"methods": list(OPENREFINE_KEYERS), "texts": [], "columns": [], **questions}
    turkish = "-Duser.language=tr -Duser.country=TR"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(folder)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "JAVA_TOOL_OPTIONS": turkish, "CLASSPATH": "/nowhere"},
    )
    assert done.stderr == f"Picked up JAVA_TOOL_OPTIONS: {turkish}\n"
    assert done.returncode == -15  # its own SIGTERM: Java takes no signal
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (answer["loaded"], answer["interrupted"], answer["terminating"]) == (False, True, True)
    return answer


def laid_out(jars: Path, classes: Path, rest: Path) -> None:
    """Put OpenRefine's own classes into one folder, and the other jars into another."""
    rest.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        if jar.name.startswith("main-"):
            zipfile.ZipFile(jar).extractall(classes)
        else:
            (rest / jar.name).symlink_to(jar)


@pytest.fixture(scope="module")
def unpacked(openrefine_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenRefine as its archive unpacks it, in a folder with a difficult name."""
    home = tmp_path_factory.mktemp("made") / "Öpen Refine: [3.9] 50%*"
    laid_out(openrefine_jars, home / "webapp/WEB-INF/classes", home / "webapp/WEB-INF/lib")
    return home


@pytest.fixture(scope="module")
def answer(unpacked: Path) -> dict[str, Any]:
    return asked(unpacked, texts=TEXTS, columns=COLUMNS)


@pytest.mark.parametrize("name", OPENREFINE_KEYERS)
def test_keys_are_those_of_the_engine(openrefine: OpenRefine, answer: dict[str, Any], name: str) -> None:
    there = openrefine.keys(name, TEXTS)
    assert len(set(there)) > 500
    assert list(zip(TEXTS, answer[name]["keys"], strict=True)) == list(zip(TEXTS, there, strict=True))


@pytest.mark.parametrize("name", OPENREFINE_KEYERS)
def test_clusters_are_those_of_the_engine(openrefine: OpenRefine, answer: dict[str, Any], name: str) -> None:
    for cells, here in zip(COLUMNS, answer[name]["clusters"], strict=True):
        there = openrefine.cluster(cells, {"type": "binning", "function": name, "params": {}})
        assert [[tuple(pair) for pair in cluster] for cluster in here] == there
    assert len(answer[name]["clusters"][0]) > 100


@pytest.mark.parametrize("bundled", [False, True], ids=["jars", "app"])
def test_a_folder_of_jars_or_an_app_will_do(
    openrefine_jars: Path, answer: dict[str, Any], bundled: bool, tmp_path: Path
) -> None:
    contents = tmp_path / "OpenRefine.app/Contents"
    if bundled:
        laid_out(openrefine_jars, contents / "Resources/webapp/WEB-INF/classes", contents / "Java")
    few = asked(tmp_path if bundled else openrefine_jars, texts=TEXTS[:50])
    assert {name: few[name]["keys"] for name in OPENREFINE_KEYERS} == {
        name: answer[name]["keys"][:50] for name in OPENREFINE_KEYERS
    }


def test_a_written_history_opens_in_the_engine(openrefine: OpenRefine, openrefine_jars: Path, tmp_path: Path) -> None:
    csv = "city\n" + "".join(f"{name}\n" for name in ("Zürich", "Zürrich", "Zürich", "Basel", "Bazel", "Bern"))
    (tmp_path / "t.csv").write_text(csv)
    arguments = ["t.csv", "--cluster", "city", "--method", "metaphone3", "--accept", "all", "--out", "h.json"]
    done = subprocess.run(
        [sys.executable, "-m", "sevenfold", "refine", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "OPENREFINE_HOME": str(openrefine_jars)},
    )
    assert done.returncode == 0, done.stderr
    assert "2 clusters by metaphone3" in done.stdout
    there = comparable(openrefine.apply(csv, json.loads((tmp_path / "h.json").read_text())))
    assert [row[0][1] for row in there["rows"]] == ["'Zürich'"] * 3 + ["'Basel'"] * 2 + ["'Bern'"]


def refusals(folder: Path, *names: str) -> list[str]:
    """Return code and message of what a process raises for each method."""
    program = (
        "import sys; from pathlib import Path; from sevenfold.refine.keyers.openrefine import keys_of\n"
        "from sevenfold.contracts.errors import DataError\n"
        "for name in sys.argv[2:]:\n"
        "    try: keys_of(['a', 'b'], name, Path(sys.argv[1]))\n"
        "    except DataError as error: print(error.code, error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), *names], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_jars_without_the_classes_are_refused(openrefine_jars: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jar").write_text("no archive")
    with zipfile.ZipFile(next(openrefine_jars.glob("main-*.jar"))) as main:
        other = main.read(f"{PACKAGE}/BeiderMorseKeyer.class")
    with zipfile.ZipFile(tmp_path / "damaged.jar", "w") as damaged:
        damaged.writestr(f"{PACKAGE}/Metaphone3Keyer.class", other)
        damaged.writestr(f"{PACKAGE}/BeiderMorseKeyer.class", b"no class")
    first, second = refusals(tmp_path, *OPENREFINE_KEYERS)
    assert first.startswith("openrefine_folder --openrefine or OPENREFINE_HOME must name the folder of OpenRefine 3.9")
    assert "Metaphone3Keyer" in first
    assert "ClassFormatError" in second


@pytest.mark.usefixtures("openrefine_jars")  # where it can be asked, Java can be compiled
def test_a_value_without_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "Metaphone3Keyer.java").write_text(
        f"package {PACKAGE.replace('/', '.')}; public class Metaphone3Keyer {{ public String key(String text) {{"
        'if (text.equals("b")) { throw new IllegalStateException("no sound"); } return text; } }'
    )
    classes = tmp_path / "webapp/WEB-INF/classes"
    subprocess.run(["javac", "-d", classes, tmp_path / "Metaphone3Keyer.java"], check=True, timeout=60)
    (refusal,) = refusals(tmp_path, "metaphone3")
    assert refusal.startswith(
        "openrefine_keyer Each value must have a key, but OpenRefine gives 'b' none by metaphone3"
    )
    assert "no sound" in refusal


@pytest.fixture
def some_jars(tmp_path: Path) -> Path:
    (tmp_path / "some.jar").touch()
    return tmp_path


def test_without_jpype_the_extra_is_named(some_jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jpype", None)
    with pytest.raises(MissingExtraError, match=r"sevenfold\[openrefine\]"):
        keys_of(["a"], "metaphone3", some_jars)


@pytest.mark.skipif(sys.platform != "linux", reason="Java is looked for in other places there")
def test_without_java_it_is_said_how_to_get_it(some_jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpype._jvmfinder.LinuxJVMFinder._java", "/nowhere/java")
    monkeypatch.setattr("jpype._jvmfinder.LinuxJVMFinder._locations", ("/nowhere",))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DataError, match="Install a Java runtime") as none:
        keys_of(["a"], "metaphone3", some_jars)
    (some_jars / "libjvm.so").write_text("no library")
    monkeypatch.setenv("JAVA_HOME", str(some_jars))
    with pytest.raises(DataError, match="set JAVA_HOME") as broken:
        keys_of(["a"], "metaphone3", some_jars)
    assert (none.value.code, broken.value.code) == ("openrefine_java", "openrefine_java")


@pytest.mark.parametrize("path", ["nothing", "file", "empty"])
def test_a_folder_without_jars_is_refused_before_java_is_looked_for(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no jars") as refusal:
        keys_of(["a"], "metaphone3", tmp_path / path)
    assert refusal.value.code == "openrefine_folder"
