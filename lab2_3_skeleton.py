"""Exercise C: a network with one hidden layer and ten outputs learns to read all ten digits.

    python lab2_3_skeleton.py

784 pixels -> 64 sigmoid units -> 10 sigmoid units (sections I.C, II.C and III.C of the report).
The script draws the report's figures 1, 4a and 4b. Figure 4c is our own: the mistakes of the
network. linear_forward, sigmoid and linear_backward are in common.py.
The report shows no code. A public program gives the same numbers. Below, it is called
"the report's program".
"""
import numpy as np

import common

HIDDEN_UNITS = 64       # the number of units in the hidden layer
LEARNING_RATE = 0.8     # alpha; an update subtracts alpha times the gradient
EPOCHS = 500            # the number of updates; each uses all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # the seed of the random initial weights
SHARED_BIAS = True      # one bias for each layer, as in the report; False: one for each unit
PRECISION = np.float32  # np.float64 is more precise, but takes twice the time


# ---- The exercise: four functions --------------------------------------------------------
# To write them yourself, run: python tests/blank.py lab2_3_skeleton.py
# It empties them and keeps a copy of the script.
def initial_weights():
    """Return the initial weights and biases W1, b1, W2, b2, of type PRECISION.

    W1: uniform between -INIT_RANGE and INIT_RANGE, shape (HIDDEN_UNITS, 784)
    b1: 0.001 everywhere, shape (1,) if SHARED_BIAS, else (HIDDEN_UNITS,)
    W2: uniform like W1, shape (10, HIDDEN_UNITS)
    b2: 0.002 everywhere, shape (1,) if SHARED_BIAS, else (10,)

    To get the report's weights, make rng = np.random.RandomState(SEED), call
    rng.permutation(60_000) once, and then draw W1 and W2, in this order, with rng.uniform().
    The report's program shuffles the images with that call. We need not shuffle: each update uses
    all images. But the call advances rng, so without it the weights would be different.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the result is not needed
    W1 = rng.uniform(-INIT_RANGE, INIT_RANGE, (HIDDEN_UNITS, 784))    # (64, 784)
    W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10, HIDDEN_UNITS))     # (10, 64)
    if SHARED_BIAS:
        b1 = np.full(1, 0.001, PRECISION)                             # (1,)
        b2 = np.full(1, 0.002, PRECISION)                             # (1,)
    else:
        b1 = np.full(HIDDEN_UNITS, 0.001, PRECISION)                  # (64,)
        b2 = np.full(10, 0.002, PRECISION)                            # (10,)
    return W1.astype(PRECISION), b1, W2.astype(PRECISION), b2


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1 (m, HIDDEN_UNITS) and A2 (m, 10), the outputs of both layers for each image.

    X: the images, shape (m, 784)
    W1, b1, W2, b2: the weights and biases, with the shapes of initial_weights()

    Both layers use the sigmoid.
    """
    Z1 = common.linear_forward(X, W1, b1)     # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                   # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2)    # (m, 10)  A1 W2^T + b2
    A2 = common.sigmoid(Z2)                   # (m, 10)
    return A1, A2


def loss(A, Y):
    """Return the loss, one number: the mean of -log(A_true) over the images.

    A: the outputs of the network, shape (m, 10)
    Y: the targets, shape (m, 10)

    A_true is the output of the true digit, where Y is 1. Exercises A and B add 0.0001 inside their
    logarithms. Here nothing is added: if the output of a true digit is rounded to 0, the loss is
    infinite.
    """
    A_true = A[Y == 1]          # (m,)
    losses = -np.log(A_true)    # (m,)
    return losses.mean(dtype=np.float64)    # in float64, for a more exact mean


def backward_propagation(X, Y, A1, A2, W2):
    """Return dW1, db1, dW2, db2, the gradients that training needs.

    X: the images, shape (m, 784)
    Y: the targets, shape (m, 10)
    A1, A2: the outputs of forward_propagation()
    W2: the weights of layer 2, shape (10, HIDDEN_UNITS)

    The gradients are taken with respect to W1, b1, W2, b2, and have their shapes. If SHARED_BIAS,
    add up the db of all units of a layer: the sum is the gradient of their one bias.
    These are not the gradients of loss(), but of equation 2, added up over the ten outputs and
    averaged over the images. So divide by m, not by 10 m, the number of outputs of all images. The
    report's program, too, trains with one loss and plots another.
    """
    m = len(X)
    # L is equation 2, for one image: dL/dA2 = (A2 - Y) / (A2 (1 - A2)). The sigmoid has the slope
    # dA2/dZ2 = A2 (1 - A2). Their product is dL/dZ2 = A2 - Y. For the mean, divide it by m.
    dZ2 = (A2 - Y) / m                            # (m, 10)
    dW2, db2 = common.linear_backward(dZ2, A1)    # (10, 64), (10,)  dZ2^T A1, sum of dZ2
    dA1 = dZ2 @ W2                                # (m, 64)  because Z2 = A1 W2^T + b2
    dZ1 = dA1 * A1 * (1 - A1)                     # (m, 64)  A1 (1 - A1) is the slope of the sigmoid
    dW1, db1 = common.linear_backward(dZ1, X)     # (64, 784), (64,)  dZ1^T X, sum of dZ1
    if SHARED_BIAS:    # one bias moves all units of its layer
        db1 = db1.sum(keepdims=True)              # (1,)
        db2 = db2.sum(keepdims=True)              # (1,)
    return dW1, db1, dW2, db2


# ---- Given: the targets, the training, the figures ---------------------------------------
def targets(labels):
    """Return Y (m, 10): 1 in the column of the label, else 0. labels: digits, shape (m,)."""
    one_hot = np.eye(10, dtype=PRECISION)    # in row k, column k is 1
    return one_hot[labels]


def main():
    """Train the network, print a table of the results, draw the figures.

    Return the run, W1, b1, W2 and b2. You can look at them in a notebook, or after python -i.
    """
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = targets(labels_train)    # (60000, 10)
    Y_test = targets(labels_test)      # (10000, 10)
    W1, b1, W2, b2 = initial_weights()
    # If one of these settings is not the report's, the table and the figures will say so.
    run = common.Run("C", EPOCHS, HIDDEN_UNITS=HIDDEN_UNITS, LEARNING_RATE=LEARNING_RATE,
                     INIT_RANGE=INIT_RANGE, SEED=SEED, SHARED_BIAS=SHARED_BIAS)

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
    common.draw_network(run, "figures/fig1_network.png", X_test[0], labels_test[0],
                        A1_test[0], A2_test[0])
    common.draw_curves(run, "figures/fig4a_accuracy.png", "accuracy",
                       "Fig. 4a: accuracy on ten digits")
    common.draw_curves(run, "figures/fig4b_loss.png", "loss",
                       "Fig. 4b: loss on ten digits")
    common.draw_confusion_matrix(run, "figures/fig4c_confusion_matrix.png", A2_test, X_test,
                                 labels_test)
    return run, W1, b1, W2, b2


if __name__ == "__main__":
    # Options, such as --epochs 500, replace the constants. __doc__ is the text for --help.
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W1, b1, W2, b2 = main()
