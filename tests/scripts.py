"""How the tests load a script, call its functions, and put errors into words.

load() and call() return two things: what was asked for, and a sentence that says what is wrong, or
None. In the end, a test hands the sentence to fail_with().
"""
import ast
import builtins
import linecache
import re
import sys
import tokenize
import traceback
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np
import pytest
from blank import FUNCTIONS

import common

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = [
    "lab2_skeleton",
    "lab2_2_skeleton",
    "lab2_3_skeleton",
    # Add another exercise here.
]
A, B, C = SCRIPTS[:3]  # the report's

ROWS = "images are rows here: X (m, inputs), W (units, inputs), Z = X W^T + b, dW = dZ^T X"


def fail_with(script, sentence):
    """Fail with the sentence, if there is one, and without the tests' own lines."""
    if sentence:
        pytest.fail(f"{script.__name__}: {sentence}", pytrace=False)


# ---- Load a script -----------------------------------------------------------------------
class TrainsWhenImported(BaseException):
    """Raised where the images are loaded. It is no Exception, so load_mnist() does not catch it."""


def refuse_to_load():
    raise TrainsWhenImported


def load(path, **constants):
    """Return a script as a module, and what keeps it from being imported, or None.

    The constants of the script get other values, as in an editor. main() is not called.
    """
    path = Path(path)
    script = ModuleType(path.stem)
    script.__file__ = str(path)
    script.values_of_the_test = constants
    sys.modules.setdefault(path.stem, script)  # a dataclass of the script looks it up there
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read(), str(path))
        change_constants(tree, constants)
        # At its end, np.errstate() undoes an np.seterr() of the script.
        with patch.object(common, "load_with_keras", refuse_to_load), np.errstate():
            with patch.object(sys, "argv", [str(path)]):
                exec(compile(tree, str(path), "exec"), vars(script))
    except TrainsWhenImported:
        return script, ("it trains as soon as it is imported; main() and read_options() belong "
                        "below if __name__ == '__main__'")
    except UnicodeDecodeError as error:
        return script, f"it is not saved as UTF-8, so Python cannot read it ({error})"
    except (Exception, SystemExit) as error:
        return script, f"it cannot be imported; it stops with {explain(script, error)}"
    return script, None


def change_constants(tree, constants):
    """After each statement that gives a constant its value, insert one that gives it another."""
    statements = []
    for statement in tree.body:
        statements.append(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                if node.id in constants:
                    statements += ast.parse(f"{node.id} = values_of_the_test['{node.id}']").body
    tree.body = statements


OTHER_CONSTANTS = {  # another value, which nobody writes, from that of the script
    "LEARNING_RATE": lambda rate: float(f"{0.7 * rate:.3g}"),
    "SEED": lambda seed: (seed + 1) % 2**32,
    "DIGIT": lambda digit: (digit + 1) % 10,
    "HIDDEN_UNITS": lambda units: units + 3,
    "INIT_RANGE": lambda limit: round(2 * limit + 0.1, 3),
    "SHARED_BIAS": lambda shared: not shared,
    "PRECISION": lambda precision: np.float64 if precision == np.float32 else np.float32,
}


def other_constants(script, *names):
    """Return other values for those of the constants that the script has."""
    others = {}
    for name in names:
        value = getattr(script, name, None)
        if value is not None and not isinstance(value, (list, tuple)):
            others[name] = OTHER_CONSTANTS[name](value)
    return others


def say(constants):
    """Return the values of constants in words."""
    words = []
    for name, value in constants.items():
        words.append(f"{name} is {getattr(value, '__name__', value)}")
    return " and ".join(words)


def edited(source, target, *edits):
    """Copy a script, replace text in it, and return its path."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, f"{source.name} no longer has the text {old!r}"
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8")
    return target


# ---- Explain an error --------------------------------------------------------------------
PRODUCT = "@ needs as many columns on its left as rows on its right"
PRODUCTS = {  # what to add to it, by the function
    "forward_propagation": ROWS,
    "backward_propagation": "dW is dZ.T @ X, and dA1 is dZ2 @ W2, without .T; the slope is "
    "multiplied by *",
    "main": ROWS,
}
HINTS = [  # what the words of an error have in them, and what to add
    ("read-only", "it changes an array that is still needed; work on a copy, as in A = A.copy()"),
    (r"\(500,.*\(200,|\(200,.*\(500,|size (500|200) is different from (500|200)",
     "500 training images meet 200 test images; do X, Y and A belong together, or is something "
     "left over from the last forward propagation?"),
    (r"\b[61]0000\b|size (500|200)\b|zero-size", "the tests have fewer than 60,000 images; write "
     "len(X) or, in main(), len(X_train) and len(X_test)"),
    (r"both should be \(images, outputs\)", "has Y a column for each output? Or has an update "
     "changed the shape of b, as b = b - LEARNING_RATE * dW does?"),
    ("non-broadcastable", "the gradient has another shape than what it is subtracted from; are dW "
     "and db, or the results of backward_propagation(), exchanged? (keepdims=True makes another "
     "shape, too)"),
    ("Cannot cast", "an array of whole numbers is changed; make it in PRECISION"),
    (r"broadcast together with shapes \((\d+),\d+\) \(\1,\)",
     "add keepdims=True to a sum over an axis, or reshape(-1, 1)"),
    (r"broadcast together with shapes \(\d+,(\d+)\) \(\1,1\)",
     "is b a column? Make it (units,). Or is * written in place of @?"),
    (r"broadcast together with shapes \(\d+,(\d+)\) \(\1,\d+\)",
     "* goes entry by entry; the product of matrices is @"),
    (r"broadcast together with shapes \((\d+),\d+\) \(\1,\d+\)",
     "* goes entry by entry; is a product with @ left out, as in dA1 = dZ2 @ W2?"),
    ("only .* arrays can be converted", "the functions of math take single numbers; take those of "
     "np"),
    ("bitwise_xor", "^ is no power; write **"),
    ("used as indices", "Y holds zeros and ones, no labels: Y == 1 picks, and Y.argmax(axis=1) "
     "gives the labels"),
    ("matmul|not aligned", PRODUCT),
]


def explain(script, error):
    """Return an error in words, the line of the script that it comes from, and a hint."""
    full_words = f"{type(error).__name__}: {error}"
    words = full_words.partition(", with gufunc")[0]  # what @ adds tells a student nothing
    words = words.rstrip(": ")  # what ends an error without a message, and some of NumPy's
    sentence = words
    more = ""
    in_main = False
    for frame, number in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_name
        if in_main and name in FUNCTIONS:
            more = "are its arguments right, and in the right order?"
            break  # the function has been judged, and is right
        if frame.f_code.co_filename == script.__file__:
            in_main = in_main or name == "main"
            more = PRODUCTS.get(name, more)
            line = linecache.getline(script.__file__, number)
            line = line.partition("#")[0].strip().rstrip(",")
            sentence = f"{words}, in line {number}, {line}{shapes_in(line, frame)}"
    hint = hint_for(script, error, full_words)
    if not hint:
        return sentence
    if hint == PRODUCT and more:
        hint = f"{hint}; {more}"
    return f"{sentence}: {hint}"


def shapes_in(line, frame):
    """Return the shapes of the arrays that a line of code names."""
    values = {**frame.f_globals, **frame.f_locals}
    shapes = []
    for name in dict.fromkeys(re.findall(r"\w+", line)):
        if isinstance(values.get(name), np.ndarray):
            shapes.append(f"{name} is {values[name].shape}")
    if not shapes:
        return ""
    return f" (where {', '.join(shapes)})"


def hint_for(script, error, words):
    if isinstance(error, UnboundLocalError):
        name = re.search(r"'(\w+)'", words).group(1)
        if hasattr(script, name) or hasattr(builtins, name):
            return (f"a function that assigns to {name} has a {name} of its own, not the one "
                    "outside; use another name")
        return f"{name} has no value yet; give it one before, say above the loop"
    for pattern, hint in HINTS:
        if re.search(pattern, words):
            return hint
    return None


# ---- Call a function ---------------------------------------------------------------------
def call(script, name, *arguments):
    """Return the results of a function, in a list, and None; or None and what is wrong.

    The arguments are handed over read-only, so that a function that changes them stops.
    """
    function = getattr(script, name, None)
    if not callable(function):
        return None, f"there is no function {name}(), as the tests call it"
    read_only = [np.array(argument) for argument in arguments]
    for argument in read_only:
        argument.setflags(write=False)
    try:
        with np.errstate(all="ignore"):
            results = function(*read_only)
    except NotImplementedError:  # an empty function may raise it: it returns nothing yet
        return [None], None
    except (Exception, SystemExit) as error:
        return None, f"{name}() stops with {explain(script, error)}"
    return as_list(results), None


def as_list(results):
    if isinstance(results, (tuple, list)) and len(results) > 1:
        return list(results)
    return [results]


def is_numeric(value):
    """Is it a number, or an array of numbers?"""
    if isinstance(value, (int, float)):
        return True
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf"


def describe(value):
    """Return the shape of an array or a number, as text; of anything else, what it is."""
    if is_numeric(value):
        return str(np.shape(value))
    if value is None or value is ...:
        return "nothing yet"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)} (are there a comma or brackets too many?)"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"a {type(value).__name__}"


def names_of(letters, weights):
    """Return a name for each weight or layer: W, b or, with more layers, W1, b1, W2, b2, ..."""
    if len(weights) == 2:
        return list(letters)
    layers = range(1, len(weights) // 2 + 1)
    return [f"{letter}{layer}" for layer in layers for letter in letters]
