"""How the tests compare numbers, and judge a function by what it returns.

A check returns a sentence that says what is wrong, or None.
"""
import inspect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scripts import ROWS, call, describe, is_numeric

# Added where a change that somebody wants would look the same. Such a fault does not keep main()
# from being judged.
MEANT = "unless you meant it"


# ---- Compare numbers ---------------------------------------------------------------------
def close(value, right, tolerance=1e-6):
    """Are two arrays the same, relative to their size?

    The default tolerance allows for a script that rounds to float32.
    """
    if np.shape(value) != np.shape(right) or not np.isfinite(right).all():
        return False
    size = max(np.linalg.norm(right), 1e-5)  # arrays of zeros are compared absolutely
    return np.linalg.norm(value - right) <= tolerance * size


def known(value, table, factors=((1, ""),), tolerance=1e-5):
    """Return the sentence of the first slip that gives the value, or a multiple of it; or None.

    table: pairs of what a slip gives, and its sentence; the right value has no sentence
    factors: pairs of a factor, and its sentence; the factor 1 has no sentence
    """
    for factor, more in factors:
        for slip, words in table:
            if close(value, factor * slip, tolerance):
                return " and ".join(part for part in (words, more) if part)
    return None


def differs(value, right, what):
    """Say how far off a value is, and that it is a multiple, or off in a few rows only."""
    if not np.isfinite(value).all():
        return "it has nan or inf in it"
    size = max(np.linalg.norm(right), 1e-5)
    percent = 100 * np.linalg.norm(value - right) / size
    sentence = f"it differs from {what} by {rounded(percent, 2)} %"
    factor = rounded(np.vdot(right, value) / size**2, 3)
    if factor != "1" and np.size(value) > 1 and close(value, float(factor) * right, 0.005):
        return f"{sentence} (it is {factor} times that)"
    if np.ndim(right) == 2:
        errors = np.linalg.norm(value - right, axis=1)
        rows = np.flatnonzero(errors > 1e-6 * size)
        if 0 < len(rows) <= 3 and len(rows) < len(right):  # few enough to name them
            return f"{sentence} (in row {', '.join(map(str, rows))})"
    return sentence


def rounded(number, digits):
    """Return a number with so many digits, as in 380 or 0.056."""
    return f"{float(f'{number:.{digits}g}'):g}"


def fits(array, parts):
    """Is the array a sum of multiples of the parts?"""
    columns = np.stack([np.ravel(part) for part in parts], axis=1)
    factors, *_ = np.linalg.lstsq(columns, np.ravel(array), rcond=None)
    return close(columns @ factors, np.ravel(array), 1e-5)


# ---- Judge a function --------------------------------------------------------------------
class Task(NamedTuple):
    """A function, and what it should do."""
    name: str
    parameters: list  # their names
    arguments: list   # their values
    wanted: dict      # the shape of each result, by its name
    check: Callable   # say what is wrong with results of these shapes, or None
    way: str = ""     # in what other way it may be right; see other_ways()


def judge(script, task):
    """Say in which other way a function is right; if in none, say what is wrong with it."""
    fault = signature_fault(script, task) or results_fault(script, task)
    if not fault or not callable(getattr(script, task.name, None)):
        return fault
    for other in other_ways(task):
        if not results_fault(script, other):
            return f"{task.name}() is right {other.way}"
    return fault


def signature_fault(script, task):
    """Does a function have the parameters, and their order, with which it is called?"""
    function = getattr(script, task.name, None)
    if not callable(function):
        return None
    signature = inspect.signature(function)
    own = list(signature.parameters)
    called = f"{task.name}({', '.join(task.parameters)})"
    try:
        signature.bind(*task.arguments)
    except TypeError:
        return f"{task.name}{signature} has other parameters than {called}"
    if own != task.parameters and set(own) == set(task.parameters):
        return f"{task.name}{signature} has another order than {called}"
    return None


def results_fault(script, task):
    """Call the function twice, and say what is wrong with what it returns."""
    results, fault = call(script, task.name, *task.arguments)
    if fault:
        return fault
    for k, (result, (name, shape)) in enumerate(zip(results, task.wanted.items())):
        is_bias = name.startswith("db") and is_numeric(result)
        if is_bias and np.size(result) == np.prod(shape):
            results[k] = np.reshape(result, shape)  # (units, 1) and a number are right, too
    fault = shapes_fault(task, results)
    if fault:
        return fault
    again, fault = call(script, task.name, *task.arguments)
    if fault:
        return f"the second call of {fault}"
    for result, second in zip(results, again):
        if not np.array_equal(np.ravel(result), np.ravel(second), equal_nan=True):
            return f"{task.name}() returns different numbers each time: dropout? {MEANT}"
    return task.check(*results)


def shapes_fault(task, results):
    """Compare the shapes of the results with those that are wanted."""
    shapes = [describe(result) for result in results]
    wanted = [str(shape) for shape in task.wanted.values()]
    if shapes == wanted:
        return None
    names = [f"{name} {shape or ''}".strip() for name, shape in task.wanted.items()]
    sentence = (f"{task.name}() returns {', '.join(shapes[:6])}; "
                f"it should return {', '.join(names)}")
    for shape, right in zip(shapes, task.wanted.values()):
        if shape != str(right) and shape == str(right[::-1]):
            return f"{sentence}: {ROWS}"
    if task.name == "backward_propagation" and shapes[::2] == wanted[::2]:  # each dW is right
        return (f"{sentence}: db is a number for each unit or, if the units share a bias, the sum "
                "of theirs")
    return sentence


def other_ways(task):
    """Yield tasks for code of another school, or that takes its first parameter last."""
    letters = {name[0] for name in task.parameters}
    rotated = task.arguments[1:] + task.arguments[:1]
    called = f"{task.name}({', '.join(task.parameters)})"
    words = f"but for its parameters, which have another order than {called}"
    yield task._replace(arguments=rotated, way=words)
    if "W" in letters:
        yield turned_task(task, {"W"}, {"dW"}, f"for a W of (inputs, units), but {ROWS}")
    yield turned_task(task, {"X", "Y", "A", "b"}, {"A"}, f"for images as columns, but {ROWS}")
    if "W" in letters:
        yield turned_task(task, {"X", "Y", "A", "b", "W"}, {"A", "dW"},
                          f"for images and units as columns, but {ROWS}")
    if "Y" in letters:
        words = "for labels (m,), but main() hands it Y (m, outputs), zeros and ones"
        yield labels_task(task, words)


def turned_task(task, turned_parameters, turned_results, way):
    """Return a task with some arguments and results transposed, by their letters.

    Biases get columns.
    """
    arguments = []
    for name, argument in zip(task.parameters, task.arguments):
        letter = name.rstrip("0123456789")
        if letter not in turned_parameters:
            arguments.append(argument)
        elif letter == "b":
            arguments.append(np.reshape(argument, (-1, 1)))
        else:
            arguments.append(np.transpose(argument))
    is_turned = {}
    for name in task.wanted:
        is_turned[name] = name.rstrip("0123456789") in turned_results
    wanted = {}
    for name, shape in task.wanted.items():
        wanted[name] = shape[::-1] if is_turned[name] else shape

    def check(*results):
        right_way_round = []
        for name, result in zip(task.wanted, results):
            right_way_round.append(np.transpose(result) if is_turned[name] else result)
        return task.check(*right_way_round)

    return task._replace(arguments=arguments, wanted=wanted, check=check, way=way)


def labels_task(task, way):
    """Return a task in which Y is labels (m,)."""
    arguments = []
    for name, argument in zip(task.parameters, task.arguments):
        if name != "Y":
            arguments.append(argument)
        elif argument.shape[1] == 1:
            arguments.append(argument[:, 0])
        else:
            arguments.append(argument.argmax(axis=1))
    return task._replace(arguments=arguments, way=way)
