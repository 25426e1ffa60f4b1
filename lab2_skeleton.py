"""Exercise A: a single neuron learns to tell one digit from all the others.

    python lab2_skeleton.py

784 pixels -> 1 sigmoid unit (sections I.A, II.A and III.A of the report).
The script draws the report's figures 2a, 2b and 2c. Figures 2d and 2e are our own: the weights
of the neuron, and its accuracy. linear_forward, sigmoid and linear_backward are in common.py.
The report shows no code. A public program gives the same numbers. Below, it is called
"the report's program".
"""
import numpy as np

import common

DIGIT = 0               # the digit to recognise, 0 to 9
LEARNING_RATE = 1.0     # alpha; an update subtracts alpha times the gradient
EPOCHS = 10_000         # the number of updates; each uses all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # the seed of the random initial weights
PRECISION = np.float32  # np.float64 is more precise, but takes twice the time


# ---- The exercise: four functions --------------------------------------------------------
# To write them yourself, run: python tests/blank.py lab2_skeleton.py
# It empties them and keeps a copy of the script.
def initial_weights():
    """Return the initial weights W (1, 784) and bias b (1,), of type PRECISION.

    The weights are uniform between -INIT_RANGE and INIT_RANGE, the bias is 0.0001. To get the
    report's weights, make rng = np.random.RandomState(SEED), call rng.permutation(60_000) once,
    and then draw W with rng.uniform(). The report's program shuffles the images with that call.
    We need not shuffle: each update uses all images. But the call advances rng, so without it W
    would be different.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the result is not needed
    W = rng.uniform(-INIT_RANGE, INIT_RANGE, (1, 784)).astype(PRECISION)    # (1, 784)
    b = np.full(1, 0.0001, PRECISION)                                       # (1,)
    return W, b


def forward_propagation(X, W, b):
    """Return A (m, 1), the output of the neuron for each image.

    X: the images, shape (m, 784)
    W, b: the weights (1, 784) and the bias (1,)
    """
    Z = common.linear_forward(X, W, b)    # (m, 1)  X W^T + b
    A = common.sigmoid(Z)                 # (m, 1)  equation 1
    return A


def loss(A, Y):
    """Return the loss, one number: the mean of equation 2 over the images.

    A: the outputs of the neuron, shape (m, 1)
    Y: the targets, shape (m, 1)

    Like the report's program, add 0.0001 inside both logarithms: log(A + 0.0001) and
    log(1 - A + 0.0001). Then they are never infinite.
    """
    losses = -(Y * np.log(A + 0.0001) + (1 - Y) * np.log(1 - A + 0.0001))    # (m, 1)
    return losses.mean(dtype=np.float64)    # in float64, for a more exact mean


def backward_propagation(X, Y, A):
    """Return dW (1, 784) and db (1,): the gradients of the mean of equation 2.

    X: the images, shape (m, 784)
    Y: the targets, shape (m, 1)
    A: the outputs of forward_propagation(), shape (m, 1)

    The gradients are taken with respect to W and b. Like the report's program, leave out
    the 0.0001 of loss().
    """
    m = len(X)
    # L is equation 2, for one image: dL/dA = (A - Y) / (A (1 - A)). The sigmoid has the slope
    # dA/dZ = A (1 - A). Their product is dL/dZ = A - Y. For the mean, divide it by m.
    dZ = (A - Y) / m                          # (m, 1)
    dW, db = common.linear_backward(dZ, X)    # (1, 784), (1,)  dZ^T X, sum of dZ
    return dW, db


# ---- Given: the targets, the training, the figures ---------------------------------------
def targets(labels):
    """Return Y (m, 1): 1 where the label is DIGIT, else 0. labels: digits, shape (m,)."""
    return (labels == DIGIT).astype(PRECISION).reshape(-1, 1)


def overfitting(run):
    """Return the epochs rises_from and above_from, each of which may be None.

    rises_from is the epoch with the lowest test loss. If fewer than 100 epochs follow it, the test
    loss may still fall: then both are None. above_from is the first epoch, from rises_from on, in
    which the test loss is above the training loss. It is None if there is none.
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
    """Train the neuron, print a table of the results, draw the figures.

    Return the run, W and b. You can look at them in a notebook, or after python -i.
    """
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = targets(labels_train)    # (60000, 1)
    Y_test = targets(labels_test)      # (10000, 1)
    W, b = initial_weights()
    # If one of these settings is not the report's, the table and the figures will say so.
    run = common.Run("A", EPOCHS, DIGIT=DIGIT, LEARNING_RATE=LEARNING_RATE,
                     INIT_RANGE=INIT_RANGE, SEED=SEED)

    try:
        for epoch in range(EPOCHS + 1):    # epoch is the number of updates so far
            A = forward_propagation(X_train, W, b)        # (60000, 1)
            A_test = forward_propagation(X_test, W, b)    # (10000, 1)
            run.record(
                accuracy=common.accuracy(A, Y_train),
                loss=loss(A, Y_train),
                test_accuracy=common.accuracy(A_test, Y_test),
                test_loss=loss(A_test, Y_test),
            )
            if epoch == EPOCHS or run.diverged:    # leave before another update
                break
            dW, db = backward_propagation(X_train, Y_train, A)
            W -= LEARNING_RATE * dW
            b -= LEARNING_RATE * db
    except KeyboardInterrupt:    # Ctrl-C ends the training early
        if len(run.loss) == 0:    # no epoch has been recorded yet
            raise
        print("stopped by Ctrl-C; this is what was recorded before:")

    run.rises_from, run.above_from = overfitting(run)
    run.print_table()
    # As in the report, leave out the first ten epochs: their losses are much larger.
    common.draw_curves(run, "figures/fig2a_loss.png", "loss",
                       "Fig. 2a: loss of the neuron", first_epoch=10)
    common.draw_curves(run, "figures/fig2b_loss_zoom.png", "loss",
                       "Fig. 2b: zoomed loss", first_epoch=300)
    common.draw_curves(run, "figures/fig2c_loss_500_epochs.png", "loss",
                       "Fig. 2c: loss of the neuron", first_epoch=10, last_epoch=500)
    common.draw_weights(run, "figures/fig2d_weights.png", W,
                        "Fig. 2d: the neuron's weights")
    common.draw_curves(run, "figures/fig2e_accuracy.png", "accuracy",
                       "Fig. 2e: accuracy of the neuron", first_epoch=10)
    return run, W, b


if __name__ == "__main__":
    # Options, such as --epochs 500, replace the constants. __doc__ is the text for --help.
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W, b = main()
