"""The right network in plain lines, and the tables of known slips.

A slip is a mistake that people make. Its line has a function that makes it, and the sentence that
names it. The tests look for the slip that gives a student's value. m is the number of images, and
e is what is added inside the logarithms of the loss.
"""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


# ---- The right network -------------------------------------------------------------------
def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def relu(Z):
    return np.maximum(Z, 0)


def softmax(Z, axis=1):
    powers = np.exp(Z - Z.max(axis, keepdims=True))  # so none is infinite
    return powers / powers.sum(axis, keepdims=True)


class Activation(NamedTuple):
    function: Callable      # A from Z
    slope: Callable = None  # dA/dZ from A; None: the activation is for an output layer only


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda A: A * (1 - A)),
    "tanh": Activation(np.tanh, lambda A: 1 - A**2),
    "ReLU": Activation(relu, lambda A: (A > 0) * 1.0),
    "softmax": Activation(softmax),
}
for leak in (0.01, 0.1, 0.2, 0.3):
    ACTIVATIONS[f"leaky ReLU ({leak})"] = Activation(
        lambda Z, leak=leak: np.where(Z > 0, Z, leak * Z),
        lambda A, leak=leak: np.where(A > 0, 1, leak))


def forward(X, weights, activations):
    """Return the outputs of all layers."""
    outputs = []
    inputs = X
    for W, b, name in zip(weights[::2], weights[1::2], activations):
        Z = inputs @ W.T + np.ravel(b)
        inputs = ACTIVATIONS[name].function(Z)
        outputs.append(inputs)
    return outputs


def slope_times(dA, A, slope, A_last):
    """Return dZ of a hidden layer from dA, its output A, and the slope of its activation."""
    return dA * slope


def subtract(A, Y, m):
    """Return m dZ of the output layer."""
    return A - Y


def product(dZ, W, dW):
    """Return dA of a hidden layer from dZ, W and dW of the next one."""
    return dZ @ W


def backward(X, Y, outputs, weights, activations,
             error=subtract, carry=product, hidden=slope_times, over_images=np.sum,
             over_units=np.sum):
    """Return the gradients of trained_loss(): dW and db of each layer.

    The last five parameters are the places where a slip may be:
    error: m dZ of the output layer, from A, Y and m
    carry: dA of a hidden layer, from dZ, W and dW of the next layer
    hidden: dZ of a hidden layer, from its dA, A and slope, and from A of the output layer
    over_images: db from dZ
    over_units: the db of a shared bias, from those of its units
    """
    m = len(X)
    gradients = []
    dZ = error(outputs[-1], Y, m) / m
    for k in reversed(range(len(outputs))):
        W, b = weights[2 * k:2 * k + 2]
        inputs = outputs[k - 1] if k > 0 else X
        dW = dZ.T @ inputs
        db = over_images(dZ, axis=0)
        if np.size(b) != len(W):
            db = over_units(db)
        gradients = [dW, np.reshape(db, np.shape(b)), *gradients]
        if k > 0:
            dA = carry(dZ, W, dW)
            A = inputs  # the output of the hidden layer before
            slope = ACTIVATIONS[activations[k - 1]].slope(A)
            dZ = hidden(dA, A, slope, outputs[-1])
    return gradients


def per_image(losses):
    """Return the mean over the images, and the sum over the outputs."""
    return losses.sum() / len(losses)


def equation_2(A, Y, e=0):
    return -(Y * np.log(A + e) + (1 - Y) * np.log(1 - A + e))


def trained_loss(A, Y, activation):
    """Return the loss that training lowers: equation 2 or, for softmax, -sum(Y log A)."""
    if activation == "softmax":
        return per_image(-Y * np.log(A))
    return per_image(equation_2(A, Y))


def plotted_loss(A, Y, e=0):
    """Return the loss of the report's figures."""
    if A.shape[1] == 1:
        return per_image(equation_2(A, Y, e))
    return per_image(-Y * np.log(A + e))


# ---- Slips in initial_weights() ----------------------------------------------------------
def shuffled(seed, generator=np.random.RandomState):
    """Return a generator that has shuffled the images, as the report's program does."""
    rng = generator(seed)
    rng.permutation(60_000)
    return rng


def uniform(rng, low, high, shapes):
    return [rng.uniform(low, high, shape) for shape in shapes]


def normal(rng, deviation, shapes):
    return [rng.normal(0, deviation, shape) for shape in shapes]


def turned(seed, r, shapes):
    return [W.T for W in uniform(shuffled(seed), -r, r, [shape[::-1] for shape in shapes])]


def new_generators(make, seed, r, shapes):
    return [make(seed).uniform(-r, r, shape) for shape in shapes]


DRAW_SLIPS = [  # the weights, from SEED, INIT_RANGE and their shapes
    (lambda seed, r, shapes: uniform(np.random.RandomState(seed), -r, r, shapes),
     "the permutation(60_000) before them is left out"),
    (lambda seed, r, shapes: uniform(np.random.default_rng(seed), -r, r, shapes),
     "they are drawn by default_rng, and without the permutation(60_000); the report's are from "
     "RandomState"),
    (lambda seed, r, shapes: uniform(shuffled(seed, np.random.default_rng), -r, r, shapes),
     "they are drawn by default_rng; the report's are from RandomState"),
    (turned, "they are drawn as (inputs, units) and transposed; draw them as (units, inputs)"),
    (lambda seed, r, shapes: uniform(shuffled(seed), 0, r, shapes),
     "they are drawn from 0 to INIT_RANGE, not from -INIT_RANGE"),
    (lambda seed, r, shapes: uniform(shuffled(seed), -r / 2, r / 2, shapes),
     "they are half as large; draw them from -INIT_RANGE to INIT_RANGE"),
    (lambda seed, r, shapes: normal(shuffled(seed), r, shapes),
     "they are drawn by normal(), not by uniform()"),
    (lambda seed, r, shapes: uniform(shuffled(seed), -r, r, shapes[::-1])[::-1],
     "W2 is drawn before W1"),
    (lambda seed, r, shapes: new_generators(shuffled, seed, r, shapes),
     "each W is drawn by a new generator; use the same one"),
    (lambda seed, r, shapes: new_generators(shuffled, seed, r, shapes[:1])
     + new_generators(np.random.RandomState, seed, r, shapes[1:]),
     "W2 is drawn by a new generator; use the same one"),
    (lambda seed, r, shapes: [np.zeros(shape) for shape in shapes],
     "they are all 0: units that start equal stay equal"),
    (lambda seed, r, shapes: [np.ones(shape) for shape in shapes],
     "they are all 1: units that start equal stay equal"),
]


# ---- Slips in forward propagation --------------------------------------------------------
Z_SLIPS = [  # in Z, from the right Z = X W^T + b
    (lambda Z, b: Z - 2 * b, "b is subtracted, not added"),
    (lambda Z, b: Z - b, "b is left out"),
    (lambda Z, b: Z + b, "b is added twice"),
    (lambda Z, b: (Z - b) * b, "X W^T is multiplied by b; add b"),
    (lambda Z, b: (Z - b) / 255 + b, "the pixels, from 0 to 1, are divided by 255 again"),
    (lambda Z, b: -Z, "it has exp(Z) in place of exp(-Z), or another wrong sign"),
    (lambda Z, b: sigmoid(Z), "the activation is there twice"),
]
A_SLIPS = [  # in A, from the right Z
    (lambda Z: Z, "it is Z: the activation is left out"),
    (lambda Z: 1 / 1 + np.exp(-Z), "brackets are missing: 1 / (1 + np.exp(-Z))"),
    (lambda Z: 1 / 1 + np.exp(Z), "brackets are missing: 1 / (1 + np.exp(-Z))"),
    (lambda Z: 1 / (1 - np.exp(-Z)), "it has 1 - exp(-Z) in place of 1 + exp(-Z)"),
    (lambda Z: 1 / np.exp(-Z), "1 + is left out: 1 / (1 + np.exp(-Z))"),
    (lambda Z: np.exp(-Z), "it is exp(-Z); the sigmoid is 1 / (1 + np.exp(-Z))"),
    (lambda Z: softmax(Z, 0), "it is a softmax over the images: add axis=1, keepdims=True"),
    (lambda Z: softmax(Z, None), "it is a softmax over everything: add axis=1, keepdims=True"),
    (lambda Z: np.exp(Z), "it is exp(Z), which a softmax divides by its sum over axis 1"),
    (softmax, "it is a softmax; of a single output that is always 1, and in a hidden layer it is "
     "not what the tests know"),
    (lambda Z: sigmoid(Z) * (1 - sigmoid(Z)), "it is the slope of the sigmoid, not the sigmoid"),
    (lambda Z: (sigmoid(Z) > 0.5) * 1.0, "it is rounded to 0 or 1; return the output itself"),
    (lambda Z: np.tanh(Z), "it is tanh; the output layer needs numbers from 0 to 1: a sigmoid"),
    (relu, "it is ReLU; the output layer needs numbers from 0 to 1: a sigmoid"),
    (lambda Z: 2 * sigmoid(Z), "it is twice the sigmoid"),
    (lambda Z: sigmoid(2 * Z), "it is the sigmoid of 2 Z; (1 + tanh(Z / 2)) / 2 is that of Z"),
    (lambda Z: sigmoid(Z) / sigmoid(Z).sum(axis=1, keepdims=True),
     "its outputs are divided by their sum; return the sigmoid itself"),
]


# ---- Slips in the loss -------------------------------------------------------------------
ANY_LOSS_SLIPS = [
    (lambda A, Y, e: plotted_loss(A, Y, e) * len(Y), "it is the sum over the images, not the mean"),
    (lambda A, Y, e: -plotted_loss(A, Y, e), "its sign is wrong"),
    (lambda A, Y, e: -plotted_loss(A, Y, e) * len(Y), "its sign is wrong, and it is the sum over "
     "the images, not the mean"),
    (lambda A, Y, e: plotted_loss(A, Y, e) * len(Y) / 60_000,
     "it is divided by 60000; m is len(Y)"),
    (lambda A, Y, e: plotted_loss(A, Y, e) / len(Y), "it is divided by m twice"),
    (lambda A, Y, e: plotted_loss(A, Y, e) / 2, "it is half of the loss"),
    (lambda A, Y, e: plotted_loss(A, Y, e) / np.log(2), "it has log2 in place of log"),
    (lambda A, Y, e: plotted_loss(A, Y, e) / np.log(10), "it has log10 in place of log"),
    (lambda A, Y, e: plotted_loss(A + 1, Y, e), "it has log(1 + A), as np.log1p does"),
    (lambda A, Y, e: plotted_loss(A > 0.5, Y, e), "A is rounded to 0 or 1; take A itself"),
    (lambda A, Y, e: plotted_loss(sigmoid(A), Y, e), "A is a sigmoid already"),
    (lambda A, Y, e: ((A > 0.5) == Y).mean(), "it is the accuracy, not the loss"),
    (lambda A, Y, e: np.abs(A - Y).mean(), "it is the mean error; take the logarithms"),
    (lambda A, Y, e: (A - Y).mean(), "it is the mean of A - Y; take the logarithms"),
]
for n in (1, 2, 3, 4, 5, 6):
    ANY_LOSS_SLIPS.append((lambda A, Y, e, n=n: round(plotted_loss(A, Y, e), n),
                           f"it is rounded to {n} digits; return the number itself"))
for n in (0.5, 1, 5, 10, 50, 100, 500, 1000):
    ANY_LOSS_SLIPS.append((lambda A, Y, e, n=n: n * ((A - Y)**2).mean(),
                           "it is a squared error, not the cross-entropy"))


def terms(A, Y, e):
    """Return Y log(A) and (1 - Y) log(1 - A)."""
    return Y * np.log(A + e), (1 - Y) * np.log(1 - A + e)


def first_only(A, Y, e):
    first, second = terms(A, Y, e)
    return per_image(-first)


def second_only(A, Y, e):
    first, second = terms(A, Y, e)
    return per_image(-second)


def minus_first_plus_second(A, Y, e):
    first, second = terms(A, Y, e)
    return per_image(-first + second)


ONE_OUTPUT_LOSS_SLIPS = [
    (lambda A, Y, e: plotted_loss(A, Y, -0.0001), "0.0001 is subtracted, not added"),
    (lambda A, Y, e: plotted_loss(A, Y, 0.001), "0.001 is added, not 0.0001"),
    (lambda A, Y, e: plotted_loss(A, Y, 0.01), "0.01 is added, not 0.0001"),
    (lambda A, Y, e: plotted_loss(A, Y) + 0.0001, "0.0001 is added outside the logarithms"),
    (lambda A, Y, e: plotted_loss(A, Y) - 0.0001, "0.0001 is added outside the logarithms"),
    (lambda A, Y, e: plotted_loss(A, Y) + 0.0002, "0.0001 is added outside the logarithms"),
    (lambda A, Y, e: plotted_loss(A, Y) - 0.0002, "0.0001 is added outside the logarithms"),
    (lambda A, Y, e: plotted_loss(A, Y) + 0.001, "0.0001 is added outside the logarithms"),
    (lambda A, Y, e: plotted_loss(A, Y) - 0.001, "0.0001 is added outside the logarithms"),
    (first_only, "(1 - Y) log(1 - A) is left out"),
    (second_only, "Y log(A) is left out"),
    (lambda A, Y, e: -first_only(A, Y, e), "(1 - Y) log(1 - A) is left out, and the minus, too"),
    (lambda A, Y, e: -second_only(A, Y, e), "Y log(A) is left out, and the minus, too"),
    (minus_first_plus_second, "the minus is only before Y log(A); it belongs before both terms: "
     "-(Y log(A) + (1 - Y) log(1 - A))"),
    (lambda A, Y, e: -minus_first_plus_second(A, Y, e),
     "a minus stands between the two terms; it should be a plus"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + 1 - Y * np.log(1 - A + e))),
     "brackets are missing: (1 - Y) * log(1 - A)"),
    (lambda A, Y, e: per_image(-Y * np.log(A + e) + 1 - Y * np.log(1 - A + e)),
     "brackets are missing: -(Y * log(A) + (1 - Y) * log(1 - A))"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) - (1 - Y * np.log(1 - A + e)))),
     "brackets are missing: (1 - Y) * log(1 - A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) * np.log(1 - (A + e)))),
     "it has log(1 - (A + 0.0001)) in place of log(1 - A + 0.0001)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) * np.log(A + e))),
     "log(A) is there twice; the second logarithm is log(1 - A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(1 - A + e) + (1 - Y) * np.log(1 - A + e))),
     "log(1 - A) is there twice; the first logarithm is log(A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(1 - A + e) + (1 - Y) * np.log(A + e))),
     "log(A) and log(1 - A) are exchanged"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + np.log(1 - A + e))),
     "(1 - Y) is left out before log(1 - A)"),
    (lambda A, Y, e: per_image(-(np.log(A + e) + (1 - Y) * np.log(1 - A + e))),
     "Y is left out before log(A)"),
    (lambda A, Y, e: per_image(-(np.log(A + e) + np.log(1 - A + e))), "Y and (1 - Y) are left out"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + Y * np.log(1 - A + e))),
     "Y is there twice; the second factor is (1 - Y)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) * np.log(1 + A + e))),
     "it has log(1 + A) in place of log(1 - A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 + Y) * np.log(1 - A + e))),
     "it has (1 + Y) in place of (1 - Y)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) * (np.log(1) - A))),
     "brackets are missing: log(1 - A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) * np.log(1) - A)),
     "brackets are missing: log(1 - A)"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + e) + (1 - Y) - np.log(1 - A + e))),
     "(1 - Y) and log(1 - A) are not multiplied"),
    (lambda A, Y, e: per_image(-(Y + np.log(A + e) + (1 - Y) + np.log(1 - A + e))),
     "Y and log(A) are added; multiply them"),
    (lambda A, Y, e: per_image(-(Y * np.log(A) + (1 - Y) * np.log(1 - A + 0.0001))),
     "0.0001 is added in the second logarithm only"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A))),
     "0.0001 is added in the first logarithm only"),
    (lambda A, Y, e: per_image(-(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A - 0.0001))),
     "it has log(1 - A - 0.0001) in place of log(1 - A + 0.0001)"),
    (lambda A, Y, e: per_image(-(Y * A + (1 - Y) * (1 - A))), "the logarithms are left out"),
    (lambda A, Y, e: float(equation_2(A.mean(), Y.mean(), e)),
     "the mean is taken before the logarithms"),
    (lambda A, Y, e: np.median(equation_2(A, Y, e)), "it is the median, not the mean"),
    (lambda A, Y, e: equation_2(A, Y, e).max(), "it is the largest loss, not the mean"),
    (lambda A, Y, e: equation_2(A, Y, e)[0, 0], "it is the loss of the first image only"),
    (lambda A, Y, e: equation_2(A, Y, e)[0, 0] / len(Y), "it is the loss of the first image only: "
     "is return inside the loop?"),
    (lambda A, Y, e: first_only(A, Y, e) * len(Y) + second_only(A, Y, e),
     "only the second sum is divided by m; brackets are missing"),
    (lambda A, Y, e: first_only(A, Y, e) + second_only(A, Y, e) * len(Y),
     "only the first sum is divided by m; brackets are missing"),
    (lambda A, Y, e: equation_2(A, Y, e)[-1, 0], "it is the loss of the last image only"),
]


def true_outputs(A, Y):
    """Return for each image the output of the true digit."""
    return (A * Y).sum(axis=1)


MORE_OUTPUTS_LOSS_SLIPS = [
    (lambda A, Y, e: per_image(equation_2(A, Y, e)), "it is equation 2; the report plots "
     "-sum(Y log A)"),
    (lambda A, Y, e: equation_2(A, Y, e).mean(), "it is equation 2; the report plots -sum(Y log A)"),
    (lambda A, Y, e: plotted_loss(A, Y, 0.001), "0.001 is added in the logarithm; add nothing"),
    (lambda A, Y, e: plotted_loss(A, Y, 0.01), "0.01 is added in the logarithm; add nothing"),
    (lambda A, Y, e: plotted_loss(A, Y, e) / Y.shape[1],
     "it is the mean over the outputs, too; take their sum"),
    (lambda A, Y, e: plotted_loss(A, Y, e) * len(Y) / Y.shape[1],
     "it is summed over the images and averaged over the outputs; the sum goes over axis 1"),
    (lambda A, Y, e: -np.log(A.max(axis=1) + e).mean(),
     "it takes the largest output; take the output of the true digit"),
    (lambda A, Y, e: per_image(-np.log(A + e)), "Y is left out: all outputs are taken, not only "
     "that of the true digit"),
    (lambda A, Y, e: -np.log(A + e).mean(), "Y is left out: all outputs are taken, not only that "
     "of the true digit"),
    (lambda A, Y, e: per_image(-(1 - Y) * np.log(A + e)),
     "it takes the outputs of all other digits; take that of the true digit"),
    (lambda A, Y, e: -np.log(A[Y == 0] + e).mean(),
     "it takes the outputs of all other digits; take that of the true digit"),
    (lambda A, Y, e: per_image(-Y * np.log(1 - A + e)), "it has log(1 - A) in place of log(A)"),
    (lambda A, Y, e: per_image(-(1 - Y) * np.log(1 - A + e)),
     "it is (1 - Y) log(1 - A); the report plots -sum(Y log A)"),
    (lambda A, Y, e: -true_outputs(A, Y).mean(), "the logarithm is left out"),
    (lambda A, Y, e: true_outputs(A, Y).mean(), "the logarithm is left out"),
    (lambda A, Y, e: (1 - true_outputs(A, Y)).mean(), "the logarithm is left out"),
    (lambda A, Y, e: -np.log(true_outputs(A, Y).mean()), "the mean is taken before the logarithm"),
    (lambda A, Y, e: -np.log(true_outputs(A, Y)[0]), "it is the loss of the first image only"),
    (lambda A, Y, e: plotted_loss(A / A.sum(axis=1, keepdims=True), Y, e),
     "A is divided by its sum over the outputs first; take A itself"),
    (lambda A, Y, e: plotted_loss(softmax(A), Y, e), "a softmax is taken of A first; take A itself"),
    (lambda A, Y, e: (A.argmax(axis=1) == Y.argmax(axis=1)).mean(),
     "it is the accuracy, not the loss"),
]


# ---- Slips in backward propagation -------------------------------------------------------
def output_error(words, error):
    return words, {"error": error}


def hidden_slope(words, hidden):
    return words, {"hidden": hidden}


BACKWARD_SLIPS = [  # a sentence, and what to hand to backward()
    ("", {}),  # right, so that a multiple of the right gradients is found
    output_error("the factor A (1 - A), the slope of the sigmoid, does not belong here: with the "
                 "loss of equation 2 it cancels (with a squared error it stays)",
                 lambda A, Y, m: (A - Y) * A * (1 - A)),
    output_error("it is divided by A (1 - A): that is dA; times the sigmoid's slope it is dZ, A - Y",
                 lambda A, Y, m: (A - Y) / (A * (1 - A))),
    output_error("brackets are missing: (A - Y) / m", lambda A, Y, m: m * A - Y),
    output_error("the error is A + Y; it should be A - Y", lambda A, Y, m: A + Y),
    output_error("it is the gradient of -sum(Y log A), not of equation 2",
                 lambda A, Y, m: -Y * (1 - A)),
    output_error("it is made from -Y / A, the derivative of Y log(A) only; dZ is A - Y",
                 lambda A, Y, m: -Y / A),
    output_error("it is made from (1 - Y) / (1 - A), the derivative of one term only; dZ is A - Y",
                 lambda A, Y, m: (1 - Y) / (1 - A)),
    output_error("a sign in dA is wrong: dA is -Y / A + (1 - Y) / (1 - A)",
                 lambda A, Y, m: -Y / A - (1 - Y) / (1 - A)),
    output_error("a sign in dA is wrong: dA is -Y / A + (1 - Y) / (1 - A)",
                 lambda A, Y, m: (-Y / A - (1 - Y) / (1 - A)) * A * (1 - A)),
    output_error("Y is left out", lambda A, Y, m: A),
    output_error("A is left out", lambda A, Y, m: Y),
    output_error("A is rounded to 0 or 1; take A itself", lambda A, Y, m: (A > 0.5) - Y),
    output_error("the error is squared", lambda A, Y, m: (A - Y)**2),
    output_error("the sign of the error is lost: abs(A - Y)", lambda A, Y, m: np.abs(A - Y)),
    output_error("A is a sigmoid already", lambda A, Y, m: sigmoid(A) - Y),
    output_error("1 - Y stands in place of Y", lambda A, Y, m: A - (1 - Y)),
    output_error("it is made from the loss; dZ is A - Y", lambda A, Y, m: equation_2(A, Y)),
    hidden_slope("the slope of the activation is left out", lambda dA, A, slope, A_last: dA),
    hidden_slope("the slope is A (1 - A); 1 - A is left out",
                 lambda dA, A, slope, A_last: dA * A),
    hidden_slope("the slope is A (1 - A); A is left out",
                 lambda dA, A, slope, A_last: dA * (1 - A)),
    hidden_slope("the slope is A (1 - A), not A (1 + A)",
                 lambda dA, A, slope, A_last: dA * A * (1 + A)),
    hidden_slope("the slope is A (1 - A), not A (A - 1)",
                 lambda dA, A, slope, A_last: dA * A * (A - 1)),
    hidden_slope("brackets are missing: A * (1 - A)",
                 lambda dA, A, slope, A_last: dA * A * 1 - A),
    hidden_slope("brackets are missing: dA * (A - A**2)",
                 lambda dA, A, slope, A_last: dA * A - A**2),
    hidden_slope("dA is left out; dZ is dA times the slope", lambda dA, A, slope, A_last: slope),
    hidden_slope("dA and the slope are added; multiply them",
                 lambda dA, A, slope, A_last: dA + slope),
    hidden_slope("it is divided by the slope; multiply", lambda dA, A, slope, A_last: dA / slope),
    hidden_slope("the slope is squared", lambda dA, A, slope, A_last: dA * slope**2),
    hidden_slope("A is a sigmoid already",
                 lambda dA, A, slope, A_last: dA * sigmoid(A) * (1 - sigmoid(A))),
    hidden_slope("the slope is made from Z; make it from A",
                 lambda dA, A, slope, A_last: dA * np.log(A / (1 - A)) * (1 - np.log(A / (1 - A)))),
    hidden_slope("the slope is the output layer's",
                 lambda dA, A, slope, A_last: dA * A_last * (1 - A_last)),
    ("W is left out of dA: dA of a hidden layer is dZ @ W of the next one",
     {"carry": lambda dZ, W, dW: dZ.sum(axis=1, keepdims=True) * np.ones(W.shape[1])}),
    ("dW is in dA in place of W", {"carry": lambda dZ, W, dW: dZ @ dW}),
    ("the absolute W is in dA", {"carry": lambda dZ, W, dW: dZ @ np.abs(W)}),
    ("dA is divided by W", {"carry": lambda dZ, W, dW: dZ @ (1 / W)}),
    ("it is the mean of dZ; take the sum, for dZ is divided by m already", {"over_images": np.mean}),
    ("it is dZ of the first image; sum over the images", {"over_images": lambda dZ, axis: dZ[0]}),
    ("it is dZ of the last image; sum over the images", {"over_images": lambda dZ, axis: dZ[-1]}),
    ("it is the largest dZ; sum over the images", {"over_images": np.max}),
    ("it is the sum of abs(dZ); take the sum of dZ",
     {"over_images": lambda dZ, axis: np.abs(dZ).sum(axis)}),
    ("it is the mean over the units; they share one bias, so take the sum", {"over_units": np.mean}),
    ("it is that of the first unit; the units share one bias, so take the sum",
     {"over_units": lambda db: db[0]}),
]
for name, activation in ACTIVATIONS.items():
    if activation.slope:
        BACKWARD_SLIPS.append(hidden_slope(
            f"the slope is that of {name}; the layer has another activation",
            lambda dA, A, slope, A_last, own=activation.slope: dA * own(A)))


def gradient_factors(m, outputs, rate):
    """Return the multiples in which gradients are known to come out, with their sentences."""
    return [
        (-1, "its sign is wrong"),
        (m, "it is not divided by m, the number of images"),
        (-m, "its sign is wrong, and it is not divided by m, the number of images"),
        (1 / m, "it is divided by m twice"),
        (-1 / m, "its sign is wrong, and it is divided by m twice"),
        (m / 60_000, "it is divided by 60000, not len(X)"),
        (m / 784, "it is divided by 784, the pixels; m is the number of images, len(X)"),
        (m / outputs, "it is divided by the number of outputs; m is the number of images, len(X)"),
        (1 / outputs, "it is divided by the outputs, too"),
        (2, "it is twice as large"),
        (0.5, "it is half as large"),
        (rate, "it is multiplied by LEARNING_RATE already; main() does that"),
        (-rate, "it is multiplied by -LEARNING_RATE already; main() does that"),
    ]


# ---- Slips in main() ---------------------------------------------------------------------
# A line has the parameter of train() in judge_main.py that makes the slip, its value, a sentence.
# Only the first wrong result of main() counts, so a slip in X is here without that in X_test.
def data_slip(change, words):
    """A slip in the arrays. From data, change() returns the arrays that are replaced, by name."""
    return "change", change, words


def gradient_slip(given, words):
    """A slip in what backward_propagation() is given. From all that an epoch has now, given() takes
    X, Y and the outputs of all layers.
    """
    return "given", given, words


def update_slip(update, words):
    """A slip in the update of a weight. From W, rate and dW, update() makes the new W."""
    return "update", update, words


def scrambled(X):
    return X.reshape(784, -1).T


MAIN_SLIPS = [
    data_slip(lambda data: {"X": data.X / 255}, "the pixels are divided by 255 again; load_mnist() returns 0 to 1"),
    data_slip(lambda data: {"X_test": data.X_test / 255}, "the test pixels are divided by 255 again; "
              "load_mnist() returns 0 to 1"),
    data_slip(lambda data: {"X": data.X * 255}, "the pixels are from 0 to 255; load_mnist() returns 0 to 1"),
    data_slip(lambda data: {"X_test": data.X_test * 255}, "the test pixels are from 0 to 255; load_mnist() "
              "returns 0 to 1"),
    data_slip(lambda data: {"X": scrambled(data.X)}, "reshape(784, -1).T mixes the pixels of the images"),
    data_slip(lambda data: {"X_test": scrambled(data.X_test)}, "reshape(784, -1).T mixes the pixels of the "
              "test images"),
    data_slip(lambda data: {"X": 1 - data.X},
              "the training pixels are 1 - X (the test pixels must be, too), unless you meant it"),
    data_slip(lambda data: {"X": (data.X - data.X.mean()) / data.X.std()},
              "the training pixels are standardised (the test pixels must be, too), unless you meant it"),
    data_slip(lambda data: {"X_test": data.X[:len(data.X_test)]},
              "the test images are training images"),
    data_slip(lambda data: {"X": data.X_test, "Y": data.Y_test},
              "the test images stand in place of the training images"),
    data_slip(lambda data: {"X_test": data.X, "Y_test": data.Y},
              "the training images stand in place of the test images"),
    data_slip(lambda data: {"Y": 1 - data.Y}, "Y_train is 1 - Y_train"),
    data_slip(lambda data: {"Y_test": 1 - data.Y_test}, "Y_test is 1 - Y_test"),
    data_slip(lambda data: {"X": np.floor(data.X)}, "the pixels are cut to whole numbers"),
    data_slip(lambda data: {"Y": data.Y / 255}, "Y_train is divided by 255"),
    data_slip(lambda data: {"Y": 0 * data.Y}, "Y_train is 0 everywhere"),
    data_slip(lambda data: {"Y_test": 0 * data.Y_test}, "Y_test is 0 everywhere"),
    data_slip(lambda data: {"Y": data.Y[::-1]}, "X_train and Y_train are in opposite orders"),
    gradient_slip(lambda now: (now.X_test, now.Y_test, now.outputs_test),
                  "backward_propagation() gets test images; it should learn from X_train alone"),
    gradient_slip(lambda now: (now.X, now.Y, now.first_outputs), "backward_propagation() gets outputs of the "
                  "first epoch; call forward_propagation() in each epoch"),
    gradient_slip(lambda now: (now.X, now.Y, [*now.outputs[:-1], (now.outputs[-1] > 0.5).astype(now.X.dtype)]),
                  "A is rounded to 0 or 1 before backward_propagation()"),
    gradient_slip(lambda now: (now.X, 1 - now.Y, now.outputs), "backward_propagation() gets 1 - Y"),
    gradient_slip(lambda now: (now.X, 0 * now.Y, now.outputs), "backward_propagation() gets a Y of 0"),
    gradient_slip(lambda now: (now.X / 255, now.Y, now.outputs), "backward_propagation() gets X / 255"),
    update_slip(lambda W, rate, dW: W + rate * dW, "it goes up the gradient: is + written in place of -, or are A and Y exchanged?"),
    update_slip(lambda W, rate, dW: W - dW, "LEARNING_RATE is left out"),
    update_slip(lambda W, rate, dW: W + dW, "it goes up the gradient, and LEARNING_RATE is left out"),
    update_slip(lambda W, rate, dW: W, "it is not updated"),
    update_slip(lambda W, rate, dW: W - 2 * rate * dW, "it is updated twice"),
    update_slip(lambda W, rate, dW: W - rate**2 * dW, "it is multiplied by LEARNING_RATE twice"),
    update_slip(lambda W, rate, dW: W - dW / rate, "it is divided by LEARNING_RATE; multiply by it"),
    update_slip(lambda W, rate, dW: -rate * dW, "=- replaces it; -= subtracts from it"),
    update_slip(lambda W, rate, dW: rate * dW, "it is replaced; -= subtracts from it"),
    update_slip(lambda W, rate, dW: dW, "it is replaced by its gradient; -= subtracts from it"),
    update_slip(lambda W, rate, dW: rate * dW - W, "the difference is the wrong way round: W - rate * dW"),
    update_slip(lambda W, rate, dW: W - rate * dW / 500, "the gradient is divided by m again"),
    update_slip(lambda W, rate, dW: W - rate * dW / 60_000, "the gradient is divided by 60000 again"),
    update_slip(lambda W, rate, dW: W - rate * dW * 500, "the gradient is multiplied by m"),
    update_slip(lambda W, rate, dW: W - rate, "the gradient is left out"),
    update_slip(lambda W, rate, dW: W - (rate + dW), "LEARNING_RATE and the gradient are added; "
                "multiply them"),
    update_slip(lambda W, rate, dW: W * rate * dW, "*= multiplies it; -= subtracts from it"),
    update_slip(lambda W, rate, dW: W - rate * W, "it is subtracted from itself; subtract its gradient"),
    update_slip(lambda W, rate, dW: W * (1 - rate * dW), "the gradient is multiplied by W"),
    update_slip(lambda W, rate, dW: W - rate * abs(dW), "the sign of the gradient is lost: abs()"),
    update_slip(lambda W, rate, dW: W - rate * dW**2, "the gradient is squared"),
]
for k in range(10):
    digit = f"the digit {k}"
    MAIN_SLIPS += [
        data_slip(lambda data, k=k: {"Y": data.is_digit(k)}, f"Y_train is 1 for {digit}; is targets() used?"),
        data_slip(lambda data, k=k: {"Y_test": data.is_digit_test(k)},
                  f"Y_test is 1 for {digit}; is targets() used?"),
    ]
