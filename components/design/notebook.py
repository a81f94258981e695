"""Run a notebook: parameters as data, progress per cell, one clear error, a page that needs no network."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.canonical import write_json, write_whole
from sevenfold.contracts.errors import DataError, MissingExtraError
from sevenfold.design.parameters import METADATA, Parameters
from sevenfold.runtime.environment import kernel_environment
from sevenfold.runtime.progress import OnProgress

__all__ = ["built_in_notebook", "run_notebook", "write_notebook_page"]

MESSAGE: Final = 300  # characters of a cell's error that are shown
START_SECONDS: Final = 120
MEND: Final = "Mend the cell: open the notebook in JupyterLab beside plan.yaml and run it there."
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


def built_in_notebook() -> str:
    """Return the JSON of the notebook that explores any table."""
    return files("sevenfold.design").joinpath("explore.ipynb").read_text("utf-8")


def run_notebook(
    notebook: Path | None,
    given: Parameters,
    out: Path,
    *,
    timeout_seconds: int = 600,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Run every cell in a kernel of this very Python and write the executed notebook, whole or not at all.

    The cells find what they are given with `sevenfold.design.parameters.parameters()`. It travels as JSON, in a file
    beside the kernel and in the executed notebook's metadata, and is never part of any code.

    Args:
        notebook: the notebook; None takes the built-in one. Its folder is the kernel's working folder.
        given: what it is given.
        out: where the executed notebook goes.
        timeout_seconds: longest run of one cell.
        on_progress: called with a message, the cells done and their number.

    Returns:
        The executed notebook, as nbformat's mapping.

    Raises:
        DataError: ``missing_notebook``, ``not_a_notebook``, ``notebook_failed`` naming the cell, ``notebook_timeout``,
            ``kernel_died``.
        MissingExtraError: if the extra `explore` is not installed.
    """
    try:
        import nbclient  # noqa: F401
        import nbformat
    except ImportError as error:
        raise MissingExtraError("nbclient", "explore") from error
    name = notebook.name if notebook is not None else "the built-in notebook"
    nodes = _parsed(notebook, name)
    nodes.metadata[METADATA] = {"parameters": given.model_dump(mode="json")}
    with tempfile.TemporaryDirectory(prefix="sevenfold-notebook-") as work:
        write_json(Path(work) / "parameters.json", given.model_dump(mode="json"))
        folder = notebook.resolve().parent if notebook is not None else Path(work)
        _execute(nodes, name, folder, Path(work), timeout_seconds, on_progress or (lambda message, done, total: None))
    write_whole(out, (nbformat.writes(nodes) + "\n").encode())
    return dict(nodes)


def write_notebook_page(executed: Path, page: Path) -> None:
    """Write an executed notebook as one HTML page that needs no network.

    Raises:
        MissingExtraError: if the extra `explore` is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import nbformat
            from nbconvert import HTMLExporter
    except ImportError as error:
        raise MissingExtraError("nbconvert", "explore") from error
    nodes = nbformat.reads(executed.read_text("utf-8"), as_version=4)
    exporter = HTMLExporter(template_name="lab", embed_images=True, exclude_input_prompt=True)
    exporter.exclude_output_prompt = True
    for address in ("require_js_url", "jquery_url", "mathjax_url", "mermaid_js_url", "widget_renderer_url"):
        if hasattr(exporter, address):
            setattr(exporter, address, "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body, _ = exporter.from_notebook_node(nodes, resources={"metadata": {"name": executed.stem}})
    write_whole(page, _offline(body).encode())


def _offline(page: str) -> str:
    """Take out what would be loaded from elsewhere: scripts with an address, styles by @import."""
    page = re.sub(r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>", "", page)
    page = re.sub(r"<script type=\"module\">.*?</script>", "", page, flags=re.DOTALL)
    return re.sub(r"<link\b[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//[^>]*>", "", page)


def _parsed(notebook: Path | None, name: str) -> Any:
    import nbformat

    try:
        text = built_in_notebook() if notebook is None else notebook.read_bytes().decode()
    except FileNotFoundError:
        raise DataError(
            "missing_notebook",
            f"The notebook must be a file, but {name!r} is not there.",
            remedy="Correct design.notebook; empty takes the built-in one.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("not_a_notebook", f"{name} must be a readable notebook, but is not: {error}.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # older minor versions lack cell ids
            nodes = nbformat.reads(text, as_version=4)
            nbformat.validate(nodes)
    except (ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError) as error:
        lines = str(error).splitlines()
        raise DataError(
            "not_a_notebook",
            f"{name} must be a Jupyter notebook, but is not: {lines[0][:150] if lines else type(error).__name__}",
            remedy="Save it again from JupyterLab.",
        ) from error
    for cell in nodes.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nodes


def _execute(nodes: Any, name: str, folder: Path, work: Path, timeout_seconds: int, on_progress: OnProgress) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    code = [index for index, cell in enumerate(nodes.cells) if cell.cell_type == "code"]
    running = {"cell": 0}

    def started(cell: Any, cell_index: int) -> None:
        running["cell"] = code.index(cell_index) + 1 if cell_index in code else running["cell"]
        on_progress(f"cell {running['cell']} of {len(code)}", max(running["cell"] - 1, 0), len(code))

    client = NotebookClient(
        nodes,
        km=_kernel_manager(work),
        timeout=timeout_seconds,
        startup_timeout=START_SECONDS,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=started,
        store_widget_state=False,
        record_timing=False,  # the same data give the same notebook
        shutdown_kernel="immediate",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # a manager that is handed in is not shut down unless asked for
            client.execute(env=kernel_environment(work / "parameters.json", work / "ipython"), cleanup_kc=True)
    except CellExecutionError as error:
        if error.ename == "NoneType":  # the cell's last value could not be shown
            _refuse_errors(nodes, name, code)
        raise DataError(
            "notebook_failed",
            f"Every cell of {name} must run, but cell {_position(code, nodes, running['cell'])} raised {error.ename}: "
            f"{_plain(error.evalue)}",
            remedy=MEND,
        ) from None
    except CellTimeoutError:
        raise DataError(
            "notebook_timeout",
            f"A cell of {name} may run {timeout_seconds} s, but cell {_position(code, nodes, running['cell'])} "
            "ran longer.",
            remedy="Make it faster, load fewer rows (design.sample_rows), or raise design.timeout_seconds.",
        ) from None
    except (DeadKernelError, RuntimeError) as error:
        raise DataError(
            "kernel_died",
            f"The kernel of {name} must live to the end, but died at cell {_position(code, nodes, running['cell'])}: "
            f"{_plain(str(error))}",
            remedy="Mostly it ran out of memory: load fewer rows (design.sample_rows).",
        ) from None
    _refuse_errors(nodes, name, code)
    on_progress("executed", len(code), len(code))


def _refuse_errors(nodes: Any, name: str, code: list[int]) -> None:
    """Refuse an output that could not be shown, such as a figure: its cell counts as run for the kernel."""
    for number, index in enumerate(code, 1):
        cell = nodes.cells[index]
        if "raises-exception" in cell.metadata.get("tags", ()):
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                raise DataError(
                    "notebook_failed",
                    f"Every cell of {name} must show what it makes, but cell {_position(code, nodes, number)} raised "
                    f"{output.ename}: {_plain(output.evalue)}",
                    remedy=MEND,
                )


def _position(code: list[int], nodes: Any, number: int) -> str:
    """Return a cell's number and its first line, which is the notebook's own text."""
    at = max(number, 1)
    lines = [line for line in nodes.cells[code[at - 1]].source.splitlines() if line.strip()] if code else []
    return f"{at} of {len(code)}" + (f" ({lines[0].strip()[:60]!r})" if lines else "")


def _plain(text: str) -> str:
    clean = _COLOURS.sub("", text).strip()
    return " ".join(clean.split())[:MESSAGE]


def _kernel_manager(work: Path) -> Any:
    """Return a manager of kernels that are this very Python, whatever kernels are installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3", connection_file=str(work / "kernel.json"))
    if os.name == "posix":
        # sockets in our own folder: no port, and nobody else's process can connect
        manager.transport, manager.ip = "ipc", str(work / "kernel")
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=argv, display_name="Python 3", language="python", interrupt_mode="signal")
    return manager
