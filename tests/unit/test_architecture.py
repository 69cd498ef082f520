"""The house rules that a machine can hold: floors, sizes, names, and what nobody may import or call."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("provenance", "generators", "index", "contracts")
FLOOR_0 = ("provenance/core", "provenance/watermark", "provenance/credentials", "provenance/licensing")
MAX_FUNCTION = 40  # lines, with its docstring and decorators
MAX_MODULE = 400
MAX_POSITIONAL = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "node_modules" not in path.parts]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, Function))


def _imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _at_start(path: Path) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: not in a function, not under TYPE_CHECKING."""
    waiting: list[ast.AST] = [_tree(path)]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, Function | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def test_the_floors_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [program, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken" in run.stdout


def test_there_is_something_to_look_at() -> None:
    assert all(len(_modules(package)) >= 1 for package in PACKAGES)
    assert len(_modules(*PACKAGES)) > 100


def test_functions_are_short() -> None:
    long = [
        f"{_name(path)}:{function.lineno} {function.name} has {length} lines"
        for path in _modules(*PACKAGES, "scripts")
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION
    ]
    assert long == []


def test_modules_are_short() -> None:
    long = [
        f"{_name(path)} has {length} lines"
        for path in _modules(*PACKAGES, "scripts")
        if (length := len(path.read_text("utf-8").splitlines())) > MAX_MODULE
    ]
    assert long == []


def test_functions_take_few_positional_arguments() -> None:
    """Outside faces, where a route's or command's parameters are its fields."""
    greedy = [
        f"{_name(path)}:{function.lineno} {function.name}"
        for path in _modules(*PACKAGES)
        if not path.is_relative_to(ROOT / "provenance/faces")
        for function in _functions(path)
        if len([a for a in (*function.args.posonlyargs, *function.args.args) if a.arg not in ("self", "cls")])
        > MAX_POSITIONAL
    ]
    assert greedy == []


def test_functions_say_what_they_return() -> None:
    silent = [
        f"{_name(path)}:{function.lineno} {function.name}"
        for path in _modules(*PACKAGES)
        for function in _functions(path)
        if function.returns is None
    ]
    assert silent == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _name(path)
        for path in _modules(*PACKAGES, "scripts")
        if not ast.get_docstring(_tree(path)) and path.read_text("utf-8").strip()
    ]
    assert silent == []


@pytest.mark.parametrize("word", ["util", "utils", "helper", "helpers", "misc", "common", "stuff", "tools"])
def test_modules_are_named_after_what_they_do(word: str) -> None:
    named = [
        _name(path) for path in _modules(*PACKAGES, "scripts", "tests") if path.stem == word or path.parent.name == word
    ]
    assert named == []


def test_nothing_unpickles() -> None:
    """Whoever can write a file that is unpickled can run code. numpy's loader must be told so, too."""
    serialisers = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    guilty = []
    for path in _modules(*PACKAGES, "scripts"):
        if serialisers & {name.partition(".")[0] for name in _imported(ast.walk(_tree(path)))}:
            guilty.append(_name(path))
        guilty += [
            f"{_name(path)}:{call.lineno}"
            for call in ast.walk(_tree(path))
            if isinstance(call, ast.Call)
            if any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in call.keywords)
        ]
    assert guilty == []


def test_torch_loads_weights_only() -> None:
    calls = [
        (f"{_name(path)}:{call.lineno}", {word.arg: ast.unparse(word.value) for word in call.keywords})
        for path in _modules(*PACKAGES)
        for call in ast.walk(_tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "torch.load"
    ]
    assert [place for place, words in calls if words.get("weights_only") != "True"] == []


def test_floor_0_has_no_clock_and_no_dice() -> None:
    """Its answers depend on its arguments; ids that must not repeat (`uuid4`) are the one exception."""
    clocks = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
    guilty = []
    for path in _modules(*FLOOR_0):
        names = {name.partition(".")[0] for name in _imported(ast.walk(_tree(path)))}
        guilty += [f"{_name(path)} imports {name}" for name in sorted(names & {"time", "random", "secrets"})]
        for call in (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr in clocks:
                guilty.append(f"{_name(path)}:{call.lineno} calls {ast.unparse(call.func)}")
    assert guilty == []


def test_only_the_core_of_the_service_writes_nothing_to_the_terminal() -> None:
    """Faces have their console, everybody else the log."""
    printing = [
        f"{_name(path)}:{call.lineno}"
        for path in _modules(*PACKAGES)
        for call in ast.walk(_tree(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert printing == []


def test_heavy_libraries_load_on_first_use() -> None:
    """No module of the service pulls torch or faiss in; web3 stays in the chain's own room, loaded as a plug-in."""
    heavy = {"torch", "torchvision", "open_clip", "faiss", "onnxruntime", "web3", "eth_account"}
    eager = [
        f"{_name(path)} imports {name}"
        for path in _modules("provenance")
        if not path.is_relative_to(ROOT / "provenance/adapters/chain")
        for name in sorted(heavy & {name.partition(".")[0] for name in _imported(_at_start(path))})
    ]
    assert eager == []


def test_the_wiring_loads_no_model() -> None:
    program = (
        "import sys, provenance.wiring\n"
        "heavy = {'torch', 'faiss', 'web3', 'onnxruntime', 'open_clip', 'numba'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_urls_are_fetched_behind_the_guard_only() -> None:
    """The client speaks to the one address that it was given; the chain's library to the one node."""
    rooms = ("provenance/adapters/http", "provenance/client", "provenance/adapters/chain", "provenance/faces/cli")
    fetchers = {"httpx", "requests", "urllib.request", "aiohttp", "http.client", "socket"}
    guilty = [
        f"{_name(path)} imports {name}"
        for path in _modules(*PACKAGES)
        if not _name(path).startswith(rooms)
        for name in sorted(fetchers & set(_imported(ast.walk(_tree(path)))))
    ]
    assert guilty == []


def test_use_cases_do_not_commit() -> None:
    """One write transaction: leaving the unit commits it."""
    guilty = [
        f"{_name(path)}:{call.lineno}"
        for path in _modules("provenance/usecases")
        for call in ast.walk(_tree(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    ]
    assert guilty == []


def test_nothing_is_left_for_later() -> None:
    marks = ("TODO", "FIXME", "XXX", "NotImplementedError")
    found = [
        f"{_name(path)}:{number}"
        for path in _modules(*PACKAGES, "scripts")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]
    assert found == []
