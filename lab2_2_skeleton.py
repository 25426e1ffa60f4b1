"""Exercise B: a network with one hidden layer learns to tell one digit from all the others.

    python lab2_2_skeleton.py

784 pixels -> 64 sigmoid units -> 1 sigmoid unit (sections I.B, II.B and III.B of the report).
Draws the report's figures 3a and 3b, and what the hidden units have learned as figure 3c.
The helpers linear_forward, sigmoid and linear_backward are in common.py.
"""
import numpy as np

import common

DIGIT = 0               # the digit to recognise, 0 to 9
HIDDEN_UNITS = 64       # units of the hidden layer
LEARNING_RATE = 0.8     # alpha, the size of a step of gradient descent
EPOCHS = 500            # updates, each from all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # of the random numbers for the initial weights
SHARED_BIAS = True      # one bias for all units of a layer, as in the report; False: one for each
PRECISION = np.float32  # np.float64: more digits, in twice the time


def initial_weights():
    """Return W1 (HIDDEN_UNITS, 784), b1, W2 (1, HIDDEN_UNITS) and b2 (1,), in PRECISION.

    b1, all 0.0001, is (1,) if SHARED_BIAS, else (HIDDEN_UNITS,). b2 is 0.0002. W1, then W2 are
    uniform from -INIT_RANGE to INIT_RANGE, drawn by np.random.RandomState(SEED). As in the report,
    it first makes a permutation(60_000), of which no use is made here.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the report shuffled the images, which changes what is drawn next
    W1 = rng.uniform(-INIT_RANGE, INIT_RANGE, (HIDDEN_UNITS, 784)).astype(PRECISION)  # (64, 784)
    b1 = np.full(1 if SHARED_BIAS else HIDDEN_UNITS, 0.0001, PRECISION)               # (1,), (64,)
    W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (1, HIDDEN_UNITS)).astype(PRECISION)    # (1, 64)
    b2 = np.full(1, 0.0002, PRECISION)                                                # (1,)
    return W1, b1, W2, b2


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1 (m, 64) and A2 (m, 1), the outputs of the layers for the images X (m, 784)."""
    Z1 = common.linear_forward(X, W1, b1)                           # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                                         # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2)                          # (m, 1)   A1 W2^T + b2
    A2 = common.sigmoid(Z2)                                         # (m, 1)
    return A1, A2


def loss(A, Y):
    """Return the mean over the images of equation 2, a number; A, Y: (m, 1).

    As in the report's run, its logarithms are log(A + 0.0001) and log(1 - A + 0.0001).
    """
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))    # (m, 1)
    return losses.mean(dtype=np.float64)


def backward_propagation(X, Y, A1, A2, W2):
    """Return dW1, db1, dW2, db2, the gradients of the loss that is trained, shaped as W1 to b2.

    The loss that is trained is the mean over the images of equation 2, without 0.0001. The gradient
    of a bias that a layer's units share is the sum of theirs.
    """
    m = len(X)
    dZ2 = (A2 - Y) / m                                              # (m, 1)
    dW2, db2 = common.linear_backward(dZ2, A1)                      # (1, 64), (1,)
    dA1 = dZ2 @ W2                                                  # (m, 64)
    dZ1 = dA1 * A1 * (1 - A1)                                       # (m, 64)
    dW1, db1 = common.linear_backward(dZ1, X)                       # (64, 784), (64,)
    if SHARED_BIAS:
        db1 = db1.sum(keepdims=True)                                # (1,)
    return dW1, db1, dW2, db2


def main():
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = (labels_train == DIGIT).astype(PRECISION).reshape(-1, 1)    # (60000, 1)
    Y_test = (labels_test == DIGIT).astype(PRECISION).reshape(-1, 1)      # (10000, 1)
    W1, b1, W2, b2 = initial_weights()

    with common.Run("B", EPOCHS, DIGIT=DIGIT, HIDDEN_UNITS=HIDDEN_UNITS, SHARED_BIAS=SHARED_BIAS,
                    LEARNING_RATE=LEARNING_RATE, INIT_RANGE=INIT_RANGE, SEED=SEED) as run:
        for epoch in range(EPOCHS + 1):    # the number of updates so far
            A1, A2 = forward_propagation(X_train, W1, b1, W2, b2)
            A1_test, A2_test = forward_propagation(X_test, W1, b1, W2, b2)
            run.record(accuracy=common.accuracy(A2, Y_train), loss=loss(A2, Y_train),
                       test_accuracy=common.accuracy(A2_test, Y_test),
                       test_loss=loss(A2_test, Y_test))
            if epoch == EPOCHS or run.stopped:    # by a loss that is not finite
                break
            dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train, A1, A2, W2)
            W1 -= LEARNING_RATE * dW1
            b1 -= LEARNING_RATE * db1
            W2 -= LEARNING_RATE * dW2
            b2 -= LEARNING_RATE * db2

    run.print_table()
    common.draw_curves(run, "figures/fig3a_accuracy.png", "accuracy",
                       "Fig. 3a: accuracy with a hidden layer")
    common.draw_curves(run, "figures/fig3b_loss.png", "loss", "Fig. 3b: loss with a hidden layer")
    common.draw_weights(run, "figures/fig3c_hidden_weights.png", W1,
                        "Fig. 3c: the weights of the hidden units, by pixel")
    return run, W1, b1, W2, b2


if __name__ == "__main__":
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W1, b1, W2, b2 = main()
    if run.status:
        raise SystemExit(run.status)
