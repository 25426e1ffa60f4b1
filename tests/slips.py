"""The right network in a few plain lines, and the table of known slips.

A slip is a line: what it gives, from the same inputs as the right value, and a sentence. The tests
tell the first that gives a student's value. m is the number of images.
"""
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def softmax(Z, axis=1):
    return np.exp(Z) / np.exp(Z).sum(axis, keepdims=True)


ACTIVATIONS = {  # name: A from Z, and the slope dA/dZ from A
    "sigmoid": (sigmoid, lambda A: A * (1 - A)),
    "tanh": (np.tanh, lambda A: 1 - A**2),
    "ReLU": (lambda Z: np.maximum(Z, 0), lambda A: (A > 0) * 1.0),
    **{f"leaky ReLU ({s})": (lambda Z, s=s: np.where(Z > 0, Z, s * Z),
                             lambda A, s=s: np.where(A > 0, 1, s)) for s in (0.01, 0.1, 0.2, 0.3)},
    "softmax": (softmax, None)}  # in an output layer only


def forward(X, weights, activations):
    """Return the outputs of all layers."""
    outputs = []
    for W, b, activation in zip(weights[::2], weights[1::2], activations):
        X = ACTIVATIONS[activation][0](X @ W.T + np.ravel(b))
        outputs.append(X)
    return outputs


def backward(X, Y, outputs, weights, activations, error=np.subtract, slope=None, total=np.sum):
    """Return the gradients of trained_loss(). error, slope, total: where a slip may be.

    dZ is error(A, Y) / m in the output layer; in a hidden one it is dA times the slope. db is the
    total of dZ over the images or, of a bias that a layer shares, over its units, too.
    """
    dZ, gradients = error(outputs[-1], Y) / len(X), []
    for k in reversed(range(len(outputs))):
        W, b, inputs = weights[2 * k], weights[2 * k + 1], outputs[k - 1] if k else X
        db = total(dZ, axis=0)
        db = db if np.size(b) == len(W) else db.sum()
        gradients[:0] = [dZ.T @ inputs, np.reshape(db, np.shape(b))]
        if k:
            right = ACTIVATIONS[activations[k - 1]][1](inputs)
            dZ = dZ @ W * (slope(inputs, outputs[-1], right) if slope else right)
    return gradients


def equation_2(A, Y, e=0):
    return -(Y * np.log(A + e) + (1 - Y) * np.log(1 - A + e))


def trained_loss(A, Y, activation="sigmoid"):
    """Return the mean of equation 2, summed over the outputs; of a softmax, of -sum(Y log A)."""
    return (equation_2(A, Y) if activation == "sigmoid" else -Y * np.log(A)).sum() / len(Y)


def plotted_loss(A, Y, e=0):
    """Return the loss of the report's figures; e: what is added in its logarithms."""
    return (equation_2(A, Y, e) if A.shape[1] == 1 else -Y * np.log(A + e)).sum() / len(Y)


Z_SLIPS = [  # in Z, from the right Z = X W^T + b
    (lambda Z, b: Z - 2 * b, "b is subtracted, not added"),
    (lambda Z, b: Z - b, "b is left out"),
    (lambda Z, b: (Z - b) / 255 + b, "the pixels, from 0 to 1, are divided by 255 again"),
    (lambda Z, b: -Z, "it has exp(Z) in place of exp(-Z), or another wrong sign"),
    (lambda Z, b: sigmoid(Z), "the activation is there twice")]

A_SLIPS = [  # in A, from the right Z
    (lambda Z: Z, "it is Z: the activation is left out"),
    (lambda Z: softmax(Z, 0), "it is a softmax over the images: add axis=1, keepdims=True"),
    (lambda Z: softmax(Z, None), "it is a softmax over everything: add axis=1, keepdims=True"),
    (softmax, "it is a softmax of a single output, which is always 1; a sigmoid is not"),
    (lambda Z: sigmoid(Z) * (1 - sigmoid(Z)), "it is the slope of the sigmoid, not the sigmoid"),
    (lambda Z: (sigmoid(Z) > 0.5) * 1.0, "it is rounded to 0 or 1; return the output itself"),
    *[(f, f"it is {name}; the output layer needs numbers between 0 and 1, as of a sigmoid")
      for name, (f, slope) in ACTIVATIONS.items() if slope and f != sigmoid]]

LOSS_SLIPS = [  # in plotted_loss(A, Y)
    (lambda A, Y: plotted_loss(A, Y) * len(Y), "it is the sum over the images, not the mean"),
    (lambda A, Y: plotted_loss(A, Y) / Y.shape[1] if Y.shape[1] > 1 else np.nan,
     "it is the mean over the outputs, too; take their sum"),
    (lambda A, Y: -plotted_loss(A, Y), "its sign is wrong"),
    (lambda A, Y: plotted_loss(A, Y) * len(Y) / 60_000, "it is divided by 60000; m is len(Y)"),
    *[(lambda A, Y, n=n: trained_loss(A, Y) / n,
       "it is the trained loss, equation 2; the report plots -sum(Y log A)") for n in (1, 10)],
    (lambda A, Y: (-Y * np.log(A)).mean(), "(1 - Y) log(1 - A) is left out"),
    (lambda A, Y: (-(1 - Y) * np.log(1 - A)).mean(), "Y log(A) is left out"),
    *[(lambda A, Y, n=n: n * ((A - Y)**2).mean(), "it is a squared error, not the cross-entropy")
      for n in (0.5, 1, 5, 10, 50, 100, 500, 1000)],
    *[(lambda A, Y, n=n: plotted_loss(A, Y) / np.log(n), f"it has log{n}") for n in (2, 10)],
    (lambda A, Y: plotted_loss(A, Y, -0.0001), "0.0001 is subtracted, not added"),
    *[(lambda A, Y, e=e: plotted_loss(A, Y) + e, "0.0001 is added outside the logarithms")
      for e in (0.0001, -0.0001, 0.0002, -0.0002, 0.001, -0.001)]]

BACKWARD_SLIPS = [  # in one of the last three arguments of backward()
    ("error", np.subtract, ""),  # the right one, of which a multiple may be found
    ("error", lambda A, Y: (A - Y) * A * (1 - A), "the factor A (1 - A), the sigmoid's slope, is "
     "too many: with the loss of equation 2 it cancels (with a squared error it stays)"),
    ("error", lambda A, Y: (A - Y) / (A * (1 - A)),
     "it is divided by A (1 - A): that is dA; times the sigmoid's slope it is dZ, A - Y"),
    ("error", lambda A, Y: -Y * (1 - A), "it is the gradient of -sum(Y log A), not of equation 2"),
    ("error", lambda A, Y: A, "Y is left out"),
    ("slope", lambda A, last, right: 1, "the slope of the activation is left out"),
    ("slope", lambda A, last, right: right / (1 - A), "the slope is A (1 - A); 1 - A is left out"),
    ("slope", lambda A, last, right: right / A, "the slope is A (1 - A); A is left out"),
    ("slope", lambda A, last, right: sigmoid(A) * (1 - sigmoid(A)), "A is a sigmoid already"),
    ("slope", lambda A, last, right: last * (1 - last), "the slope is the output layer's"),
    *[("slope", lambda A, last, right, slope=slope: slope(A), f"the slope is that of {name}; the "
       "layer has another activation") for name, (_, slope) in ACTIVATIONS.items() if slope],
    ("total", np.mean, "it is the mean of dZ; take the sum, for dZ is divided by m already"),
    ("total", lambda dZ, axis: dZ[0], "it is dZ of the first image; sum over the images")]


def factors(m, outputs):
    """Return the multiples that gradients are known to come out in."""
    return [(-1, "its sign is wrong"), (m, "it is not divided by m, the number of images"),
            (-m, "its sign is wrong, and it is not divided by m, the number of images"),
            (1 / m, "it is divided by m twice"), (m / 60_000, "it is divided by 60000, not len(X)"),
            (m / 784, "it is divided by 784, the pixels; m is the number of images, len(X)"),
            (1 / outputs, "it is divided by the outputs, too"), (2, "it is twice as large")]


UPDATE_SLIPS = [  # in what an update makes of W, from W, LEARNING_RATE and dW
    (lambda W, rate, dW: W + rate * dW, "it goes up the gradient: + in place of -"),
    (lambda W, rate, dW: W - dW, "LEARNING_RATE is left out"),
    (lambda W, rate, dW: W, "it is not updated, or set back to its first values"),
    (lambda W, rate, dW: W - 2 * rate * dW, "it is updated twice"),
    (lambda W, rate, dW: -rate * dW, "=- replaces it; -= subtracts from it"),
    (lambda W, rate, dW: rate * dW, "it is replaced; -= subtracts from it"),
    *[(lambda W, rate, dW, m=m: W - rate * dW / m, "the gradient is divided by m again")
      for m in (500, 60_000)],
    (lambda W, rate, dW: W - rate, "the gradient is left out")]

PIXEL_SLIPS = [  # in what main() makes of the pixels of an image
    (lambda X: X / 255, "its pixels are divided by 255 again; load_mnist() returns 0 to 1"),
    (lambda X: X * 255, "its pixels are from 0 to 255; load_mnist() returns 0 to 1")]
