"""Exercise A: a single neuron learns to tell one digit from all the others.

    python lab2_skeleton.py

784 pixels -> 1 sigmoid unit (sections I.A, II.A and III.A of the report). Draws the report's
figures 2a, 2b and 2c, what the neuron has learned as figure 2d, and its accuracy as figure 2e.
The helpers linear_forward, sigmoid and linear_backward are in common.py.
"""
import numpy as np

import common

DIGIT = 0               # the digit to recognise, 0 to 9
LEARNING_RATE = 1.0     # alpha, the size of a step of gradient descent
EPOCHS = 10_000         # updates, each from all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # of the random numbers for the initial weights
PRECISION = np.float32  # np.float64: more digits, in twice the time


def initial_weights():
    """Return W (1, 784), uniform from -INIT_RANGE to INIT_RANGE, and b (1,), 0.0001, in PRECISION.

    They are drawn by np.random.RandomState(SEED). As in the report, it first makes a
    permutation(60_000), of which no use is made here.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the report shuffled the images, which changes what is drawn next
    W = rng.uniform(-INIT_RANGE, INIT_RANGE, (1, 784)).astype(PRECISION)    # (1, 784)
    b = np.full(1, 0.0001, PRECISION)                                       # (1,)
    return W, b


def forward_propagation(X, W, b):
    """Return A (m, 1), the output of the neuron for each of the images X (m, 784)."""
    Z = common.linear_forward(X, W, b)        # (m, 1)  X W^T + b
    A = common.sigmoid(Z)                     # (m, 1)  equation 1
    return A


def loss(A, Y):
    """Return the mean over the images of equation 2, a number; A, Y: (m, 1).

    As in the report's run, its logarithms are log(A + 0.0001) and log(1 - A + 0.0001).
    """
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))    # (m, 1)
    return losses.mean(dtype=np.float64)


def backward_propagation(X, Y, A):
    """Return dW (1, 784) and db (1,), the gradients of the loss that is trained.

    The loss that is trained is the mean over the images of equation 2, without 0.0001.
    """
    m = len(X)
    dZ = (A - Y) / m                          # (m, 1)
    dW, db = common.linear_backward(dZ, X)    # (1, 784), (1,)  dZ^T X, sum of dZ
    return dW, db


def overfitting(run):
    """Return from which epoch on the test loss rises, and is above the training loss; else None.

    A rise counts only once it has lasted for 100 epochs.
    """
    lowest = int(np.argmin(run.test_loss))
    last = len(run.test_loss) - 1
    if last - lowest < 100:
        return None, None
    for epoch in range(lowest, last + 1):
        if run.test_loss[epoch] > run.loss[epoch]:
            return lowest, epoch
    return lowest, None


def main():
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = (labels_train == DIGIT).astype(PRECISION).reshape(-1, 1)    # (60000, 1)
    Y_test = (labels_test == DIGIT).astype(PRECISION).reshape(-1, 1)      # (10000, 1)
    W, b = initial_weights()

    with common.Run("A", EPOCHS, DIGIT=DIGIT, LEARNING_RATE=LEARNING_RATE, INIT_RANGE=INIT_RANGE,
                    SEED=SEED) as run:    # Ctrl-C ends the block, not the program
        for epoch in range(EPOCHS + 1):    # the number of updates so far
            A = forward_propagation(X_train, W, b)         # (60000, 1)
            A_test = forward_propagation(X_test, W, b)     # (10000, 1)
            run.record(accuracy=common.accuracy(A, Y_train), loss=loss(A, Y_train),
                       test_accuracy=common.accuracy(A_test, Y_test),
                       test_loss=loss(A_test, Y_test))
            if epoch == EPOCHS or run.stopped:    # by a loss that is not finite
                break
            dW, db = backward_propagation(X_train, Y_train, A)
            W -= LEARNING_RATE * dW
            b -= LEARNING_RATE * db

    run.rises_from, run.above_from = overfitting(run)
    run.print_table()
    common.draw_curves(run, "figures/fig2a_loss.png", "loss", "Fig. 2a: loss of the neuron",
                       first=10)
    common.draw_curves(run, "figures/fig2b_loss_zoom.png", "loss", "Fig. 2b: zoomed loss",
                       first=300)
    common.draw_curves(run, "figures/fig2c_loss_500_epochs.png", "loss",
                       "Fig. 2c: loss of the neuron", first=10, last=500)
    common.draw_weights(run, "figures/fig2d_weights.png", W,
                        "Fig. 2d: the weights of the neuron, by pixel")
    common.draw_curves(run, "figures/fig2e_accuracy.png", "accuracy",
                       "Fig. 2e: accuracy of the neuron", first=10)
    return run, W, b


if __name__ == "__main__":
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W, b = main()
    if run.status:
        raise SystemExit(run.status)
