"""What is wrong with the functions of a script? Each is judged alone, with right inputs.

A check returns a sentence that says what is wrong, or None.
"""
from typing import NamedTuple

import numpy as np
import slips
from compare import MEANT, Task, close, differs, fits, judge, known, signature_fault
from scripts import ROWS, call, describe, is_numeric, load, names_of, other_constants, say

import common


# ---- The helpers of common.py ------------------------------------------------------------
def helpers_fault():
    """Say which helper of common.py is wrong, before a script is blamed for it."""
    rng = np.random.default_rng(0)
    for dtype in np.float32, np.float64:
        for m, units in (1, 1), (4, 1), (4, 2):
            X = rng.integers(-9, 10, (m, 3)).astype(dtype)  # whole numbers: the results are exact
            W = rng.integers(-9, 10, (units, 3)).astype(dtype)
            b = rng.integers(-9, 10, units).astype(dtype)
            dZ = rng.integers(-9, 10, (m, units)).astype(dtype)
            fault = (
                helper_fault("linear_forward", (X, W, b), {"it": X @ W.T + b})
                or helper_fault("linear_backward", (dZ, X), {"dW": dZ.T @ X, "db": sum(dZ)}))
            if fault:
                return fault
        Z = np.array([1, 0, 20, -1, -20, -80, 100, 1e4, -100, -1e4], dtype)
        fault = sigmoid_fault(Z)
        if fault:
            return fault
    return None


def helper_fault(name, arguments, wanted):
    results, fault = call(common, name, *arguments)
    if fault:
        return fault
    if len(results) != len(wanted):
        return f"{name}() returns {len(results)} results; it should return {len(wanted)}"
    for result, (what, right) in zip(results, wanted.items()):
        if not isinstance(result, np.ndarray) or result.shape != right.shape:
            return f"{name}() is wrong: {what} is {describe(result)}, not {describe(right)}"
        if result.dtype != right.dtype:
            return f"{name}() is wrong: {what} is {result.dtype}, not {right.dtype}"
        if not np.array_equal(result, right):
            return f"{name}() is wrong: {what} is {result.tolist()}, not {right.tolist()}"
    return None


def sigmoid_fault(Z):
    results, fault = call(common, "sigmoid", Z)
    if fault:
        return fault
    result = results[0]
    if describe(result) != describe(Z):
        return f"sigmoid() returns {describe(result)}; it should return an array with Z's shape"
    with np.errstate(all="ignore"):
        right = slips.sigmoid(Z.astype(np.float64))
        for slip, words in slips.A_SLIPS:
            slipped = slip(Z.reshape(1, -1))[0]  # a slip takes rows
            if np.allclose(result[:5], slipped[:5]):  # the first five are of moderate size
                return f"sigmoid() is wrong: {words}"
    rounding = 8 * np.finfo(Z.dtype).eps  # of a few operations
    for z, value, exact in zip(Z, result, right):
        if not np.isclose(value, exact, rtol=rounding, atol=1e-37):  # float32 ends at 1e-38
            return f"sigmoid({z:g}) is {value:.9g}, not {exact:.9g}"
    if result.dtype != Z.dtype:
        return f"sigmoid() returns {result.dtype} from {Z.dtype}"
    try:
        with np.errstate(all="raise", under="ignore"):
            common.sigmoid(Z)
    except FloatingPointError as error:
        return (f"sigmoid() is right, but it warns where Z is very low ({error}); this is why it "
                'has a line with np.errstate(over="ignore")')
    return None


# ---- targets() ---------------------------------------------------------------------------
def targets_fault(script, labels):
    results, fault = call(script, "targets", labels)
    if fault:
        return fault
    Y = results[0]
    m = len(labels)
    is_matrix = is_numeric(Y) and np.ndim(Y) == 2 and np.size(Y) > 0
    if len(results) > 1 or not is_matrix or len(Y) != m:
        shapes = [describe(result) for result in results]
        return (f"targets() returns {', '.join(shapes[:6])} for {m} labels; it should return Y "
                f"({m}, outputs), with a column for each output")
    if not (Y.min() >= 0 and Y.max() <= 1):
        return ("targets() should return 1 where the answer is yes, and 0 elsewhere; "
                f"it returns numbers from {Y.min():g} to {Y.max():g}")
    precision = np.dtype(script.PRECISION)
    if np.result_type(Y.dtype, precision) != precision:
        return f"targets() returns {Y.dtype}, not PRECISION, which is {precision}: slow"
    if not np.isin(Y, (0, 1)).all():
        return f"targets() returns numbers between 0 and 1: smoothed? {MEANT}"
    return digit_fault(script, labels, Y)


def digit_fault(script, labels, Y):
    """Is Y 1 for DIGIT, or in the column of the label?"""
    if (Y == Y[0]).all():
        return "targets() returns the same for all images"
    if Y.shape[1] == 10:
        ones = Y.sum(axis=1)
        if (ones != 1).any():
            return (f"targets() has from {ones.min():g} to {ones.max():g} ones in a row; each "
                    f"image has one digit, {MEANT}")
        if not np.array_equal(Y, np.eye(10)[labels]):
            return f"targets() is not 1 in the column of the label, and 0 elsewhere, {MEANT}"
        return None
    if Y.shape[1] > 1 or not hasattr(script, "DIGIT"):
        return None
    right = (labels == script.DIGIT).reshape(-1, 1)
    if np.array_equal(Y, 1 - right):
        return "targets() is the wrong way round: it is 0 where the label is DIGIT"
    if not np.array_equal(Y, right):
        return f"targets() is not 1 where the label is DIGIT, and 0 elsewhere, {MEANT}"
    others = other_constants(script, "DIGIT")
    copy, fault = load(script.__file__, **others)
    if fault:
        return fault
    again, fault = call(copy, "targets", labels)
    if fault:
        return f"if {say(others)}: {fault}"
    if np.array_equal(Y, again[0]):
        return f"targets() does not use DIGIT: if it is {others['DIGIT']}, Y is the same, {MEANT}"
    return None


# ---- initial_weights() -------------------------------------------------------------------
def constants_fault(script):
    for name in ("EPOCHS", "LEARNING_RATE", "SEED", "PRECISION"):
        if not hasattr(script, name):
            return f"the tests also need the constant {name}"
    limits = {"EPOCHS": (1, 10**9), "SEED": (0, 2**32 - 1), "DIGIT": (0, 9),
              "HIDDEN_UNITS": (1, 10**6)}
    for name, (first, last) in limits.items():
        value = getattr(script, name, first)
        if name == "HIDDEN_UNITS" and isinstance(value, (list, tuple)):
            continue  # of more than one hidden layer
        if not isinstance(value, (int, np.integer)) or not first <= value <= last:
            return f"{name} is {value!r}; it must be a whole number from {first} to {last}"
    rate = script.LEARNING_RATE
    if not isinstance(rate, (int, float, np.number)) or not 0 < rate < np.inf:
        return f"LEARNING_RATE is {rate!r}; it must be a number above 0, written as 0.8, not 0,8"
    shared = getattr(script, "SHARED_BIAS", True)
    if not isinstance(shared, int):  # a bool is an int
        return f"SHARED_BIAS is {shared!r}; it must be True or False"
    limit = getattr(script, "INIT_RANGE", 0)
    if not isinstance(limit, (int, float, np.number)) or not 0 <= limit < np.inf:
        return f"INIT_RANGE is {limit!r}; it must be a number, 0 or above, written like 0.05"
    if script.PRECISION not in (np.float32, np.float64):
        return f"PRECISION is {script.PRECISION!r}; it must be np.float32 or np.float64"
    return None


def initial_weights(script):
    """Return the weights and None; or None and what is wrong."""
    weights, fault = call(script, "initial_weights")
    if fault:
        return None, fault
    if are_layers(weights):
        return weights, None
    shapes = [describe(weight) for weight in weights]
    sentence = (f"initial_weights() returns {', '.join(shapes[:6])}; it should return W (units, "
                "inputs) and b for each layer, from 784 pixels on, as W, b or W1, b1, W2, b2")
    if any(shape.startswith("(784,") for shape in shapes):
        return None, f"{sentence}: {ROWS}"
    return None, sentence


def are_layers(weights):
    """Are these W (units, inputs) and b for each layer, from 784 pixels on?"""
    if len(weights) % 2:
        return False
    inputs = 784
    for W, b in zip(weights[::2], weights[1::2]):
        if not is_numeric(W) or not is_numeric(b) or np.ndim(W) != 2:
            return False
        if W.shape[1] != inputs or np.size(b) not in (1, len(W)):
            return False
        inputs = len(W)
    return True


def initial_weights_fault(script, labels):
    weights, fault = initial_weights(script)
    if fault:
        return fault
    Y, fault = call(script, "targets", labels)
    outputs = len(weights[-2])
    if not fault and np.ndim(Y[0]) == 2 and Y[0].shape[1] != outputs:
        return (f"initial_weights() makes a last layer with {outputs} outputs, but targets() makes "
                f"a Y with {Y[0].shape[1]}")
    return (type_fault(script, weights) or fresh_fault(script, weights)
            or draw_fault(script, weights) or bias_fault(script, weights)
            or constants_unused(script) or layers_fault(script, weights))


def type_fault(script, weights):
    """Have all arrays PRECISION, and can main() change them?"""
    precision = np.dtype(script.PRECISION)
    for name, weight in zip(names_of("Wb", weights), weights):
        if not np.ndim(weight):
            continue  # a bias may be a number
        if weight.dtype != precision:
            return (f"initial_weights() makes {name} in {weight.dtype}, not in PRECISION, which is "
                    f"{precision}: add .astype(PRECISION)")
        if not weight.flags.writeable:
            return f"initial_weights() makes a {name} that is read-only: main() cannot update it"
    return None


def fresh_fault(script, weights):
    """Are the weights new arrays, with the same numbers, in each call?"""
    differ = ("initial_weights() returns different weights each time; make a generator and new "
              "arrays inside it, from SEED")
    first = [np.copy(weight) for weight in weights]
    arrays, _ = initial_weights(script)
    if not all(np.array_equal(array, before) for array, before in zip(arrays, first)):
        return differ
    for array in arrays:
        if np.ndim(array):
            array *= 2  # as main() changes it; no other array may change with it
    for name, array, before in zip(names_of("Wb", weights), arrays, first):
        if np.ndim(array) and not np.array_equal(array, 2 * before):
            return (f"initial_weights() returns the array {name} twice; an update of one would "
                    "change the other")
    again, _ = initial_weights(script)
    if not all(np.array_equal(array, before) for array, before in zip(again, first)):
        return differ
    return None


LAYERS_AND_OUTPUTS = {  # of the report's exercises
    "lab2_skeleton": (1, 1),
    "lab2_2_skeleton": (2, 1),
    "lab2_3_skeleton": (2, 10),
}


def layers_fault(script, weights):
    """Is it the network of another exercise? B and C may have more layers."""
    if script.__name__ not in LAYERS_AND_OUTPUTS:
        return None
    layers = len(weights) // 2
    outputs = len(weights[-2])
    right_layers, right_outputs = LAYERS_AND_OUTPUTS[script.__name__]
    if outputs == right_outputs and (layers == right_layers or layers > 2):
        return None
    return (f"initial_weights() makes weights for {layers} layers and {outputs} outputs; the "
            f"exercise has {right_layers} and {right_outputs}, {MEANT}")


def constants_unused(script):
    """Do other values of the constants change the initial weights as they should?"""
    before, _ = initial_weights(script)
    for name in "SEED", "HIDDEN_UNITS", "INIT_RANGE", "SHARED_BIAS", "PRECISION":
        others = other_constants(script, name)
        if not others:
            continue
        if name == "SEED" and getattr(script, "INIT_RANGE", 1) == 0:
            continue  # all weights are 0
        if name == "SHARED_BIAS" and getattr(script, "HIDDEN_UNITS", 2) == 1:
            continue  # one unit, one bias
        copy, fault = load(script.__file__, **others)
        if fault:
            return fault
        after, fault = initial_weights(copy)
        if fault:
            return f"if {say(others)}: {fault}"
        are_same = all(np.array_equal(a, b) for a, b in zip(before, after))
        if are_same and name != "PRECISION":
            return (f"initial_weights() does not use {name}: if it is {others[name]}, the "
                    f"weights are the same, {MEANT}")
        fault = type_fault(copy, after) or draw_fault(copy, after) or bias_fault(copy, after)
        if fault:
            return f"if {say(others)}: {fault}"
    return None


def draw_fault(script, weights):
    """Are the weights drawn as the docstring says?"""
    limit = getattr(script, "INIT_RANGE", 0.05)
    matrices = weights[::2]
    shapes = [W.shape for W in matrices]
    right = slips.uniform(slips.shuffled(script.SEED), -limit, limit, shapes)
    if all(close(W, drawn) for W, drawn in zip(matrices[:2], right)):  # a third layer is free
        return None
    for slip, words in slips.DRAW_SLIPS:
        drawn = slip(script.SEED, limit, shapes)
        if all(close(W, V) for W, V in zip(matrices, drawn)):
            return f"initial_weights() returns other weights than its docstring says: {words}"
    return f"initial_weights() returns other weights than its docstring says, {MEANT}"


FIRST_BIASES = {  # of the report's exercises, by the numbers of layers and of outputs
    (1, 1): [0.0001],
    (2, 1): [0.0001, 0.0002],
    (2, 10): [0.001, 0.002],
}


def bias_fault(script, weights):
    biases = weights[1::2]
    outputs = len(weights[-2])
    right = FIRST_BIASES.get((len(biases), outputs), [])
    for name, b, first in zip(names_of("b", weights), biases, right):
        wrong = np.ravel(b)[~np.isclose(np.ravel(b), first, rtol=1e-3)]
        if len(wrong):
            return (f"{name} starts with {wrong[0]:g}, not with {first}, as the docstring of "
                    f"initial_weights() says, {MEANT}")
    if hasattr(script, "SHARED_BIAS"):
        for name, b, W in zip(names_of("b", weights)[:2], biases, weights[::2]):
            wanted = 1 if script.SHARED_BIAS else len(W)
            if np.size(b) != wanted:
                return (f"{name} has {np.size(b)} numbers; if SHARED_BIAS is {script.SHARED_BIAS}, "
                        f"it has {wanted}, {MEANT}")
    return None


# ---- A right network for each function ---------------------------------------------------
class Network(NamedTuple):
    """Right inputs and results for the functions of a script; each function is judged alone."""
    X: np.ndarray
    Y: np.ndarray
    weights: list      # random numbers, with the shapes of the script's
    activations: list  # the names of the script's or, where they are not right yet, sigmoids
    outputs: list
    learning_rate: float


def make_network(script, X, labels):
    weights, fault = initial_weights(script)
    if fault:  # the shapes of the report's
        hidden = np.ravel(getattr(script, "HIDDEN_UNITS", []))  # a number, a list, or none
        Y, fault = call(script, "targets", labels)
        outputs = 10 if fault or np.ndim(Y[0]) != 2 else Y[0].shape[1]
        sizes = [784, *hidden.astype(int), outputs]
        shapes = []
        for inputs, units in zip(sizes, sizes[1:]):
            biases = 1 if getattr(script, "SHARED_BIAS", True) else units
            shapes += [(units, inputs), (biases,)]
    else:
        shapes = [np.shape(weight) for weight in weights]
    rng = np.random.default_rng(1)
    weights = [np.asarray(rng.normal(0, 0.1, shape)) for shape in shapes]
    columns = len(weights[-2])
    if columns == 1:
        Y = (labels == 0).astype(float).reshape(-1, 1)
    else:
        Y = np.eye(columns)[labels.astype(int) % columns]
    activations = find_activations(script, X, weights)
    outputs = slips.forward(X, weights, activations)
    return Network(X, Y, weights, activations, outputs, script.LEARNING_RATE)


def find_activations(script, X, weights):
    """Return the names of the script's activations; a sigmoid where they are not right yet."""
    activations = ["sigmoid"] * (len(weights) // 2)
    outputs, fault = call(script, "forward_propagation", X, *weights)
    if fault or len(outputs) != len(activations):
        return activations
    inputs = X
    for k, A in enumerate(outputs):
        W, b = weights[2 * k:2 * k + 2]
        if describe(A) != str((len(X), len(W))):
            return activations
        Z = inputs @ W.T + np.ravel(b)
        is_last = k + 1 == len(outputs)
        activations[k] = find_activation(A, Z, is_last) or "sigmoid"
        inputs = A
    return activations


@np.errstate(all="ignore")
def find_activation(A, Z, is_last):
    """Return the name of the activation that makes A from Z, or None."""
    for name in allowed_activations(Z, is_last):
        if close(A, slips.ACTIVATIONS[name].function(Z)):
            return name
    return None


def allowed_activations(Z, is_last):
    """An output layer needs a sigmoid or, with more than one output, a softmax."""
    if not is_last:
        return [name for name, activation in slips.ACTIVATIONS.items() if activation.slope]
    if Z.shape[1] > 1:
        return ["sigmoid", "softmax"]
    return ["sigmoid"]


def place(k, layers):
    """Return in which layer of a function to look; nothing if it has only one."""
    if layers == 1:
        return ""
    if k + 1 == layers:
        return "the output layer in "
    return f"hidden layer {k + 1} in "


# ---- forward_propagation() ---------------------------------------------------------------
def forward_propagation_fault(script, X, labels):
    network = make_network(script, X, labels)
    task = forward_task(network, forward_fault)
    fault = judge(script, task) or precision_fault(script, task)
    if fault:
        return fault
    # Again with larger weights: there, Z goes from about -25 to 25.
    wide = [12 * weight for weight in network.weights]
    outputs = slips.forward(X, wide, network.activations)
    return judge(script, forward_task(network._replace(weights=wide, outputs=outputs), wide_fault))


def forward_task(network, check):
    names = names_of("A", network.weights)
    wanted = {}
    for name, W in zip(names, network.weights[::2]):
        wanted[name] = (len(network.X), len(W))
    return Task("forward_propagation", ["X", *names_of("Wb", network.weights)],
                [network.X, *network.weights], wanted, lambda *outputs: check(network, outputs))


@np.errstate(all="ignore")
def forward_fault(network, outputs):
    """Compare each layer with what the layer before it gave."""
    inputs = network.X
    for k, A in enumerate(outputs):
        W, b = network.weights[2 * k:2 * k + 2]
        b = np.ravel(b)
        Z = inputs @ W.T + b
        is_last = k + 1 == len(outputs)
        if not find_activation(A, Z, is_last):
            name = names_of("A", network.weights)[k]
            words = layer_slip(network, outputs, k, Z, b, is_last)
            if not words:
                source = "X" if k == 0 else f"A{k}"
                words = differs(A, slips.sigmoid(Z), f"sigmoid({source} W^T + b)")
            return f"{name}: {words}: check {place(k, len(outputs))}forward_propagation()"
        inputs = A
    return None


def layer_slip(network, outputs, k, Z, b, is_last):
    """Return the sentence of the slip that gives the outputs of layer k, or None."""
    functions = [slips.ACTIVATIONS[name].function for name in allowed_activations(Z, is_last)]
    table = []
    for slip, words in slips.Z_SLIPS:
        for function in functions:
            table.append((function(slip(Z, b)), words))
    for slip, words in slips.A_SLIPS:
        table.append((slip(Z), words))
    if k > 0:
        W, W_before = network.weights[2 * k], network.weights[2 * k - 2]
        b_before = np.ravel(network.weights[2 * k - 1])
        inputs_before = network.X if k == 1 else outputs[k - 2]
        Z_before = inputs_before @ W_before.T + b_before
        for function in functions:
            table.append((function(Z_before @ W.T + b), f"it is made from Z{k}, not from A{k}"))
            if b_before.size in (1, b.size):
                table.append((function(Z - b + b_before), f"b{k} is added, not b{k + 1}"))
        table.append((outputs[k - 1], f"it is A{k}"))
    return known(outputs[k], table)


@np.errstate(all="ignore")
def wide_fault(network, outputs):
    """Where Z is large, is A cut off?"""
    for name, A, right in zip(names_of("A", network.weights), outputs, network.outputs):
        error = np.abs(A - right).max()
        if not error <= 1e-6 * max(1, np.abs(right).max()):  # float32 rounding is allowed
            return (f"{name}: where Z is far from 0, it is off by up to {error:.2g}: is Z or A "
                    f"clipped in forward_propagation()? {MEANT}")
    return None


def precision_fault(script, task):
    """Do results have PRECISION, if the arguments have it?"""
    precision = np.dtype(script.PRECISION)
    arguments = [np.asarray(argument, precision) for argument in task.arguments]
    results, fault = call(script, task.name, *arguments)
    if fault:
        return fault
    for name, result in zip(task.wanted, results):
        if np.ndim(result) and result.dtype != precision:
            return (f"{task.name}() makes {name} in {result.dtype} from {precision}: slow; keep "
                    "to PRECISION, with .astype(PRECISION) where needed")
    return None


# ---- loss() ------------------------------------------------------------------------------
# What people add in the logarithms. The docstrings add 0.0001 or, with ten outputs, nothing.
ADDED = [0.0001, 0, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16,
         np.finfo(np.float64).eps, np.finfo(np.float32).eps]


def loss_fault(script, X, labels):
    network = make_network(script, X, labels)
    rng = np.random.default_rng(2)
    A = rng.uniform(0.1, 0.9, network.Y.shape)
    task = loss_task(A, network.Y, ": check loss()")
    fault = signature_fault(script, task) or loss_slip(script, task) or judge(script, task)
    if fault:
        return fault
    A_wide = slips.sigmoid(rng.uniform(-30, 30, network.Y.shape))  # close to 0 and to 1, too
    return judge(script, loss_task(A_wide, network.Y, " where A is close to 0 or 1: is something "
                                   f"clipped in loss(), or too much added? {MEANT}"))


def loss_task(A, Y, advice):
    @np.errstate(all="ignore")
    def check(value):
        if A.shape[1] == 1:
            added = 0.0001
            words = "less than 0.0001 is added in the logarithms, so it may be infinite, and is not"
        else:
            added = 0
            words = "something is added in the logarithm, so it is not"
        right = slips.plotted_loss(A, Y, added)
        if close(value, right, 2e-6):  # float32 rounding
            return None
        if any(close(value, slips.plotted_loss(A, Y, e), 2e-6) for e in ADDED):
            return f"the loss: {words} the report's, {MEANT}"
        return f"the loss: it is {value:.5g}, not {right:.5g}{advice}"

    return Task("loss", ["A", "Y"], [A, Y], {"a number, the mean over the images": ()}, check)


@np.errstate(all="ignore")
def loss_slip(script, task):
    """Return the sentence of the slip that gives the loss, or None."""
    results, fault = call(script, task.name, *task.arguments)
    if fault or len(results) > 1 or describe(results[0]) != "()":
        return None
    fault = task.check(*results)
    if not fault or MEANT in fault:
        return None
    A, Y = task.arguments
    value = results[0]
    if A.shape[1] == 1:
        loss_slips = slips.ANY_LOSS_SLIPS + slips.ONE_OUTPUT_LOSS_SLIPS
    else:
        loss_slips = slips.ANY_LOSS_SLIPS + slips.MORE_OUTPUTS_LOSS_SLIPS
    table = []
    for slip, words in loss_slips:
        for e in 0.0001, 0, 1e-5, 1e-6:
            table.append((slip(A, Y, e), words))
    words = known(value, table, tolerance=2e-6)
    # If no slip fits exactly, one may fit but for 0.0001 in one of its logarithms, which is up to
    # 0.1 % of the loss. Close to the right loss, such a match would be chance.
    if not words and not close(value, slips.plotted_loss(A, Y), 0.01):
        words = known(value, table, tolerance=2e-3)
    if words:
        return f"the loss: {words}: check loss()"
    return None


# ---- backward_propagation() --------------------------------------------------------------
def backward_propagation_fault(script, X, labels):
    network = make_network(script, X, labels)
    task = backward_task(network, backward_fault)
    fault = judge(script, task) or precision_fault(script, task)
    if fault:
        return fault
    # In float32, an output may be exactly 0 or 1.
    exact = np.random.default_rng(3).integers(0, 2, network.Y.shape).astype(float)
    outputs = [*network.outputs[:-1], exact]
    return judge(script, backward_task(network._replace(outputs=outputs), exact_fault))


def backward_task(network, check):
    names = names_of("Wb", network.weights)
    parameters = ["X", "Y", *names_of("A", network.weights), *names[2::2]]
    arguments = [network.X, network.Y, *network.outputs, *network.weights[2::2]]
    wanted = {}
    for name, weight in zip(names, network.weights):
        wanted[f"d{name}"] = np.shape(weight)
    return Task("backward_propagation", parameters, arguments, wanted,
                lambda *gradients: check(network, gradients))


@np.errstate(all="ignore")
def backward_fault(network, gradients):
    """Compare with the right gradients, layer by layer, from the output layer on."""
    weights = network.weights
    right = right_gradients(network)
    names = [f"d{name}" for name in names_of("Wb", weights)]
    layers = len(weights) // 2
    for k in reversed(range(layers)):
        for n in 2 * k, 2 * k + 1:
            if not close(gradients[n], right[n], 1e-5):  # sums over many images
                words = gradient_slip(network, right, gradients[n], n) or differs(
                    gradients[n], right[n], "the gradient of equation 2")
                return f"{names[n]}: {words}: check {place(k, layers)}backward_propagation()"
    return None


def right_gradients(network):
    return slips.backward(network.X, network.Y, network.outputs, network.weights,
                          network.activations)


def gradient_slip(network, right, gradient, n):
    """Return the sentence of the slip that gives the gradient n, or None."""
    X, Y, weights, activations, outputs, learning_rate = network
    if not np.any(gradient) and np.any(right[n]):
        return "it is 0 everywhere"
    table = []
    for words, hooks in slips.BACKWARD_SLIPS:
        try:
            values = slips.backward(X, Y, outputs, weights, activations, **hooks)
        except ValueError:  # the shapes of this slip do not fit this network
            continue
        table.append((values[n], words))
    for name, value in zip(names_of("Wb", weights), right):
        table.append((value, f"it is d{name}"))
    factors = [(1, ""), *slips.gradient_factors(len(X), Y.shape[1], learning_rate)]
    return known(gradient, table, factors) or meant_gradient(network, right[n], gradient, n)


def meant_gradient(network, right, gradient, n):
    """Return a sentence if the gradient is one that people want: of a changed loss, or clipped."""
    X, Y, weights, activations, outputs, _ = network
    largest = np.abs(gradient).max()
    if np.size(gradient) > 1 and close(gradient, np.clip(right, -largest, largest), 1e-5):
        return f"it is clipped to {largest:.3g}, {MEANT}"
    W = weights[n]
    if np.ndim(W) == 2 and fits(gradient - right, [W]):
        return f"it has weight decay in it, {MEANT}"
    if np.ndim(W) == 2 and fits(gradient - right, [np.sign(W)]):
        return f"it has an L1 penalty in it, {MEANT}"

    def with_error(error):
        return slips.backward(X, Y, outputs, weights, activations, error=error)[n]

    if np.size(gradient) <= 10:  # too few numbers to tell what follows from any other
        return None
    # Smoothed targets are Y minus a multiple of Y - 1/2 or, with more outputs, of Y minus its mean.
    middle = 0.5 if Y.shape[1] == 1 else Y.mean()
    if fits(gradient - right, [with_error(lambda A, Y, m: Y - middle)]):
        return f"Y is smoothed in it, {MEANT}"
    # With weights for the digits, the gradient is a weighted sum of those of the digits alone.
    if Y.shape[1] == 1:
        digits = [Y == 1, Y == 0]
    else:
        digits = [Y[:, k:k + 1] == 1 for k in range(Y.shape[1])]
    of_digits = [with_error(lambda A, Y, m, is_k=is_k: (A - Y) * is_k) for is_k in digits]
    if fits(gradient, of_digits) and not fits(gradient, [right]):
        return f"the digits have different weights in it, {MEANT}"
    return None


@np.errstate(all="ignore")
def exact_fault(network, gradients):
    right = right_gradients(network)
    if all(close(gradient, wanted, 1e-5) for gradient, wanted in zip(gradients, right)):
        return None
    return ("backward_propagation() is wrong where an output is exactly 0 or 1: a division by A or "
            "1 - A, or not the A that it is given? dZ is (A - Y) / m")


# ---- All functions -----------------------------------------------------------------------
CHECKS = {  # in the order in which a script is judged
    "targets": lambda script, X, labels: targets_fault(script, labels),
    "initial_weights": lambda script, X, labels: initial_weights_fault(script, labels),
    "forward_propagation": forward_propagation_fault,
    "loss": loss_fault,
    "backward_propagation": backward_propagation_fault,
}


def function_fault(script, name, X, labels):
    """Say what is wrong with a function, also if three constants are others."""
    fault = constants_fault(script) or CHECKS[name](script, X, labels)
    if fault or name == "initial_weights":  # it has tried them
        return fault
    others = other_constants(script, "HIDDEN_UNITS", "SHARED_BIAS", "LEARNING_RATE")
    copy, fault = load(script.__file__, **others)
    fault = fault or CHECKS[name](copy, X, labels)
    if fault:
        return f"if {say(others)}: {fault}"
    return None


def gravest_fault(script, X, labels):
    """Return the first fault that cannot be meant; if there is none, the first fault, or None."""
    first = None
    for name in CHECKS:
        fault = function_fault(script, name, X, labels)
        if fault and MEANT not in fault:
            return fault
        first = first or fault
    return first
