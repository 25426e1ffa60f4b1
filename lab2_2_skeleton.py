"""Exercise B: a network with one hidden layer learns to tell one digit from all the others.

    python lab2_2_skeleton.py

784 pixels -> 64 sigmoid units -> 1 sigmoid unit (sections I.B, II.B and III.B of the report).
The script draws the report's figures 3a and 3b. Figure 3c is our own: the weights of the
hidden units. linear_forward, sigmoid and linear_backward are in common.py.
The report shows no code. A public program gives the same numbers. Below, it is called
"the report's program".
"""
import numpy as np

import common

DIGIT = 0               # the digit to recognise, 0 to 9
HIDDEN_UNITS = 64       # the number of units in the hidden layer
LEARNING_RATE = 0.8     # alpha; an update subtracts alpha times the gradient
EPOCHS = 500            # the number of updates; each uses all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # the seed of the random initial weights
SHARED_BIAS = True      # one bias for each layer, as in the report; False: one for each unit
PRECISION = np.float32  # np.float64 is more precise, but takes twice the time


# ---- The exercise: four functions --------------------------------------------------------
# To write them yourself, run: python tests/blank.py lab2_2_skeleton.py
# It empties them and keeps a copy of the script.
def initial_weights():
    """Return the initial weights and biases W1, b1, W2, b2, of type PRECISION.

    W1: uniform between -INIT_RANGE and INIT_RANGE, shape (HIDDEN_UNITS, 784)
    b1: 0.0001 everywhere, shape (1,) if SHARED_BIAS, else (HIDDEN_UNITS,)
    W2: uniform like W1, shape (1, HIDDEN_UNITS)
    b2: 0.0002, shape (1,)

    To get the report's weights, make rng = np.random.RandomState(SEED), call
    rng.permutation(60_000) once, and then draw W1 and W2, in this order, with rng.uniform().
    The report's program shuffles the images with that call. We need not shuffle: each update uses
    all images. But the call advances rng, so without it the weights would be different.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the result is not needed
    W1 = rng.uniform(-INIT_RANGE, INIT_RANGE, (HIDDEN_UNITS, 784))    # (64, 784)
    W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (1, HIDDEN_UNITS))      # (1, 64)
    if SHARED_BIAS:
        b1 = np.full(1, 0.0001, PRECISION)                            # (1,)
    else:
        b1 = np.full(HIDDEN_UNITS, 0.0001, PRECISION)                 # (64,)
    b2 = np.full(1, 0.0002, PRECISION)                                # (1,)
    return W1.astype(PRECISION), b1, W2.astype(PRECISION), b2


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1 (m, HIDDEN_UNITS) and A2 (m, 1), the outputs of both layers for each image.

    X: the images, shape (m, 784)
    W1, b1, W2, b2: the weights and biases, with the shapes of initial_weights()
    """
    Z1 = common.linear_forward(X, W1, b1)     # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                   # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2)    # (m, 1)   A1 W2^T + b2
    A2 = common.sigmoid(Z2)                   # (m, 1)
    return A1, A2


def loss(A, Y):
    """Return the loss, one number: the mean of equation 2 over the images.

    A: the outputs of the network, shape (m, 1)
    Y: the targets, shape (m, 1)

    Like the report's program, add 0.0001 inside both logarithms: log(A + 0.0001) and
    log(1 - A + 0.0001). Then they are never infinite.
    """
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))    # (m, 1)
    return losses.mean(dtype=np.float64)    # in float64, for a more exact mean


def backward_propagation(X, Y, A1, A2, W2):
    """Return dW1, db1, dW2, db2, the gradients of the mean of equation 2.

    X: the images, shape (m, 784)
    Y: the targets, shape (m, 1)
    A1, A2: the outputs of forward_propagation()
    W2: the weights of layer 2, shape (1, HIDDEN_UNITS)

    The gradients are taken with respect to W1, b1, W2, b2, and have their shapes. If SHARED_BIAS,
    add up the db of all units of a layer: the sum is the gradient of their one bias.
    Like the report's program, leave out the 0.0001 of loss().
    """
    m = len(X)
    # L is equation 2, for one image: dL/dA2 = (A2 - Y) / (A2 (1 - A2)). The sigmoid has the slope
    # dA2/dZ2 = A2 (1 - A2). Their product is dL/dZ2 = A2 - Y. For the mean, divide it by m.
    dZ2 = (A2 - Y) / m                            # (m, 1)
    dW2, db2 = common.linear_backward(dZ2, A1)    # (1, 64), (1,)  dZ2^T A1, sum of dZ2
    dA1 = dZ2 @ W2                                # (m, 64)  because Z2 = A1 W2^T + b2
    dZ1 = dA1 * A1 * (1 - A1)                     # (m, 64)  A1 (1 - A1) is the slope of the sigmoid
    dW1, db1 = common.linear_backward(dZ1, X)     # (64, 784), (64,)  dZ1^T X, sum of dZ1
    if SHARED_BIAS:    # one bias moves all units of its layer
        db1 = db1.sum(keepdims=True)              # (1,)
        db2 = db2.sum(keepdims=True)              # (1,)  layer 2 has one unit: nothing changes
    return dW1, db1, dW2, db2


# ---- Given: the targets, the training, the figures ---------------------------------------
def targets(labels):
    """Return Y (m, 1): 1 where the label is DIGIT, else 0. labels: digits, shape (m,)."""
    return (labels == DIGIT).astype(PRECISION).reshape(-1, 1)


def main():
    """Train the network, print a table of the results, draw the figures.

    Return the run, W1, b1, W2 and b2. You can look at them in a notebook, or after python -i.
    """
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = targets(labels_train)    # (60000, 1)
    Y_test = targets(labels_test)      # (10000, 1)
    W1, b1, W2, b2 = initial_weights()
    # If one of these settings is not the report's, the table and the figures will say so.
    run = common.Run("B", EPOCHS, DIGIT=DIGIT, HIDDEN_UNITS=HIDDEN_UNITS,
                     LEARNING_RATE=LEARNING_RATE, INIT_RANGE=INIT_RANGE, SEED=SEED,
                     SHARED_BIAS=SHARED_BIAS)

    try:
        for epoch in range(EPOCHS + 1):    # epoch is the number of updates so far
            A1, A2 = forward_propagation(X_train, W1, b1, W2, b2)
            A1_test, A2_test = forward_propagation(X_test, W1, b1, W2, b2)
            run.record(
                accuracy=common.accuracy(A2, Y_train),
                loss=loss(A2, Y_train),
                test_accuracy=common.accuracy(A2_test, Y_test),
                test_loss=loss(A2_test, Y_test),
            )
            if epoch == EPOCHS or run.diverged:    # leave before another update
                break
            dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train, A1, A2, W2)
            W1 -= LEARNING_RATE * dW1
            b1 -= LEARNING_RATE * db1
            W2 -= LEARNING_RATE * dW2
            b2 -= LEARNING_RATE * db2
    except KeyboardInterrupt:    # Ctrl-C ends the training early
        if len(run.loss) == 0:    # no epoch has been recorded yet
            raise
        print("stopped by Ctrl-C; this is what was recorded before:")

    run.print_table()
    common.draw_curves(run, "figures/fig3a_accuracy.png", "accuracy",
                       "Fig. 3a: accuracy with a hidden layer")
    common.draw_curves(run, "figures/fig3b_loss.png", "loss",
                       "Fig. 3b: loss with a hidden layer")
    common.draw_weights(run, "figures/fig3c_hidden_weights.png", W1,
                        "Fig. 3c: the hidden units' weights")
    return run, W1, b1, W2, b2


if __name__ == "__main__":
    # Options, such as --epochs 500, replace the constants. __doc__ is the text for --help.
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W1, b1, W2, b2 = main()
