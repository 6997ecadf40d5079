"""Small faults put into the code, one at a time: do the tests notice?

    python benchmarks/mutants.py galaxy_sklearn/votes.py --tests tests/test_votes.py

A mutant is the code with one operator, number, string or condition changed, or one statement,
keyword or handler left out; docstrings, annotations and the text of what is raised stay. The tests
and the doctests of the module run on each until one fails. What survives does as well as the code,
or a test is missing. Processes that a test starts see the code as it is. Needs a system that forks.
"""

import argparse
import ast
import difflib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from importlib.machinery import SourceFileLoader
from pathlib import Path

import hypothesis
import pytest

# Imported once for all mutants.
FOREIGN = ("astropy.io.fits", "pandas", "polars", "skimage.transform", "sklearn.model_selection")
FLAGS = ["-x", "--failed-first", "--hypothesis-profile=mutants", "--hypothesis-seed=0"]
# pytest would rewrite the module as it does the tests, from its file: no mutant would be run.
FLAGS += ["--assert=plain"]
UNTOUCHED = ("annotation", "returns", "decorator_list")
SWAPS = "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, And Or, Add Sub, Mult Div, BitOr BitAnd"
SWAPS = dict(pair.split() for pair in f"{SWAPS}, LShift RShift".split(", "))
SWAPS |= {new: old for old, new in SWAPS.items()} | {"Pow": "Mult", "Mod": "Mult"}
SWAPS |= {"FloorDiv": "Div", "BitXor": "BitAnd", "Break": "Continue"}


def variants(node, field, in_raise):
    """Yield what may stand in place of a part of the code; None to leave it out."""
    if type(node).__name__ in SWAPS:
        yield getattr(ast, SWAPS[type(node).__name__])()
    match node:
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.Constant(value=str(value) | bytes(value)) if not in_raise:
            yield ast.Constant(value + ("XX" if isinstance(value, str) else b"XX"))
        case ast.UnaryOp():
            yield node.operand
        case ast.Raise() | ast.Expr():
            yield ast.Pass()
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Assign():
            yield ast.Assign(node.targets, ast.Constant(None))
        case ast.AugAssign():
            yield ast.Assign([node.target], node.value)
    if isinstance(node, ast.keyword) or field == "ifs":
        yield None
    if field == "test":
        yield ast.UnaryOp(ast.Not(), node)
    if field == "type":  # of an except
        yield ast.Tuple([], ast.Load())


def mutants(source):
    """Return the code as it is, spelled anew, and the mutants: (line, code)."""
    tree, found = ast.parse(source), []

    def visit(parent, line, in_raise):
        for field, value in ast.iter_fields(parent):
            for i, node in enumerate(value if isinstance(value, list) else [value]):
                docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                if field in UNTOUCHED or docstring or not isinstance(node, ast.AST):
                    continue
                here = getattr(node, "lineno", line)
                for new in variants(node, field, in_raise):
                    if isinstance(value, list):
                        new = [*value[:i], *([new] if new else []), *value[i + 1 :]]
                    setattr(parent, field, new)
                    found.append((here, ast.unparse(ast.fix_missing_locations(tree))))
                    setattr(parent, field, value)
                visit(node, here, in_raise or isinstance(node, ast.Raise))

    visit(tree, 1, False)
    whole = ast.unparse(tree)
    return whole, [mutant for mutant in found if mutant[1] != whole]


def run(path, code, tests, limit):
    """Return pytest's exit status with the code in place of a module's."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        signal.alarm(limit)  # ends the process
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        get_code = SourceFileLoader.get_code

        def get_changed(loader, name):
            same = os.path.realpath(loader.path) == str(path)
            return compile(code, path, "exec") if same else get_code(loader, name)

        SourceFileLoader.get_code = get_changed
        os._exit(pytest.main([*FLAGS, *tests, str(path)]))
    finally:
        os._exit(pytest.ExitCode.INTERNAL_ERROR)


def count(path, whole, changed, tests):
    """Run the tests on the mutants of a module, print those that survive and the numbers."""
    kinds, limit = Counter(), 600
    # First and last without a mutant: the order of the tests must make no difference.
    for line, code in [(0, whole), *changed, (0, whole)]:
        start = time.monotonic()
        status = run(path, code, tests, limit)
        if not line and status:
            sys.exit(f"{path.name}: the tests fail without a mutant.")
        if not line:
            limit = 20 + 5 * round(time.monotonic() - start)
            continue
        kind = {0: "survived", -signal.SIGALRM: "stopped"}.get(status, "killed")
        kinds[kind] += 1
        if kind != "killed":
            diff = difflib.unified_diff(whole.splitlines(), code.splitlines(), n=0, lineterm="")
            print(f"{kind}: {os.path.relpath(path)}:{line}", *list(diff)[3:], sep="\n", flush=True)
    print(f"{os.path.relpath(path)}:", *(f"{n} {kind}" for kind, n in kinds.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="+", type=lambda name: Path(name).resolve())
    parser.add_argument("--tests", nargs="+", required=True, help="files or names of tests")
    parser.add_argument("--sample", type=int, default=120, help="so many mutants of all modules")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    settings = {"database": None, "deadline": None, "phases": tuple(hypothesis.Phase)[:3]}
    settings["suppress_health_check"] = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile("mutants", **settings)
    list(map(__import__, FOREIGN))
    codes = {path: mutants(path.read_text(encoding="utf-8")) for path in given.modules}
    drawn = [(path, *mutant) for path, (_, found) in codes.items() for mutant in found]
    drawn = random.Random(given.seed).sample(drawn, min(given.sample, len(drawn)))
    with tempfile.TemporaryDirectory() as cache:
        tests = ["-o", f"cache_dir={cache}", *given.tests]
        for path, (whole, _) in codes.items():
            count(path, whole, sorted(mutant[1:] for mutant in drawn if mutant[0] == path), tests)


if __name__ == "__main__":
    main()
