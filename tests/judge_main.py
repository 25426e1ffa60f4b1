"""How main() is judged: by its results. A plain reference trains the same network.

main() is run in copies of the script with another learning rate, seed and digit. What it records
and returns gets the same names as the results of train(). The first result that is not the
reference's is reported, with the slip of slips.MAIN_SLIPS that gives it, if there is one.
"""
import re
import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import slips
from compare import MEANT, close, differs
from scripts import (
    as_list,
    call,
    describe,
    explain,
    is_numeric,
    load,
    names_of,
    other_constants,
)

import common

NUMBERS = ["loss", "accuracy", "test_loss", "test_accuracy"]


# ---- The reference -----------------------------------------------------------------------
def no_change(data):
    return {}


def training_data(now):
    return now.X, now.Y, now.outputs


def gradient_descent(W, rate, dW):
    return W - rate * dW


@np.errstate(all="ignore")
def train(script, images, change=no_change, given=training_data, update=gradient_descent,
          slip_from=1):
    """Train for two updates; return all results by name, in the order in which they are made.

    The functions and constants are the script's. change, given and update are the places where
    main() may have a slip: the arrays, the arguments of backward_propagation(), and the update.
    slip_from is the number of the update from which the slip is made: 2 if update 1 was right.
    """
    (X, labels), (X_test, labels_test) = images
    data = SimpleNamespace(
        X=X, Y=script.targets(labels).astype(X.dtype),
        X_test=X_test, Y_test=script.targets(labels_test).astype(X.dtype),
        is_digit=lambda k: (labels == k).reshape(-1, 1).astype(X.dtype),
        is_digit_test=lambda k: (labels_test == k).reshape(-1, 1).astype(X.dtype))
    vars(data).update(change(data))
    weights = as_list(script.initial_weights())
    results = {}
    first_outputs = None
    for epoch in range(3):
        outputs = as_list(script.forward_propagation(data.X, *weights))
        outputs_test = as_list(script.forward_propagation(data.X_test, *weights))
        A, A_test = outputs[-1], outputs_test[-1]
        results[f"run.loss in epoch {epoch}"] = script.loss(A, data.Y)
        results[f"run.accuracy in epoch {epoch}"] = common.accuracy(A, data.Y)
        results[f"run.test_loss in epoch {epoch}"] = script.loss(A_test, data.Y_test)
        results[f"run.test_accuracy in epoch {epoch}"] = common.accuracy(A_test, data.Y_test)
        if epoch == 2:
            return results
        first_outputs = first_outputs or outputs
        if epoch + 1 < slip_from:
            arguments, step = training_data, gradient_descent
        else:
            arguments, step = given, update
        X_given, Y_given, A_given = arguments(SimpleNamespace(
            X=data.X, Y=data.Y, X_test=data.X_test, Y_test=data.Y_test, outputs=outputs,
            outputs_test=outputs_test, first_outputs=first_outputs))
        gradients = script.backward_propagation(X_given, Y_given, *A_given, *weights[2::2])
        before = weights
        weights = []
        for name, W, dW in zip(names_of("Wb", before), before, as_list(gradients)):
            W = np.asarray(W, dtype=np.result_type(W, np.float32))  # a bias may be the integer 0
            new = step(W, script.LEARNING_RATE, np.reshape(dW, W.shape)).astype(W.dtype)
            results[f"step {epoch + 1} of {name}"] = new - W
            weights.append(new)


# ---- What main() does --------------------------------------------------------------------
class Outcome(NamedTuple):
    script: ModuleType
    initial: list   # the first weights
    epochs: int     # EPOCHS
    records: list   # what run.record() got, a dictionary for each epoch
    returned: list  # what main() returned
    fault: str      # what stopped it, or None


def run_main(path, constants, epochs, diverges_in=None):
    """Run main() in a copy of the script. In the epoch diverges_in, set run.diverged to True."""
    script, fault = load(path, EPOCHS=epochs, **constants)
    if fault:
        return Outcome(script, [], epochs, [], [None], fault)
    initial, _ = call(script, "initial_weights")
    records = []
    usual_record = common.Run.record

    def record(run, *values, **named_values):
        if len(records) > 10:  # more than any loop that ends
            raise RuntimeError("the loop goes on and on")
        usual_record(run, *values, **named_values)
        records.append({number: getattr(run, number)[-1] for number in NUMBERS})
        if len(records) - 1 == diverges_in:
            run.diverged = True

    returned = None
    with patch.object(common.Run, "record", record), np.errstate(all="ignore"):
        with patch.object(sys, "argv", [str(path)]):
            try:
                returned = script.main()
            except (Exception, SystemExit) as error:
                fault = f"if EPOCHS is {epochs}, main() stops with {explain(script, error)}"
    return Outcome(script, initial, epochs, records, as_list(returned), fault)


def main_fault(script, images):
    """Say what is wrong with main(), or None.

    It is run twice. One run ends after update 1, since EPOCHS is 1. The other ends after update 2,
    since it diverges there; EPOCHS is 9, so a loop that does not look at run.diverged goes on.
    """
    path = script.__file__
    others = other_constants(script, "LEARNING_RATE", "SEED", "DIGIT")
    first = run_main(path, others, epochs=1)
    second = run_main(path, others, epochs=9, diverges_in=2)
    for outcome in first, second:
        fault = outcome_fault(outcome)
        if fault:
            return fault
    right = train(first.script, images)
    results = results_of(first, second)
    for name, wanted in right.items():
        if not np.isfinite(wanted).all():
            return None  # with these constants, a right network diverges, too
        fault = None
        if name.startswith("step 1"):
            fault = records_fault(first, 1)
        elif name.startswith("step 2"):
            fault = records_fault(second, 2)
        if fault:
            return fault
        if not is_right(name, results[name], wanted):
            return result_fault(script, first.script, images, right, results, name)
    precision = np.dtype(script.PRECISION)
    for name, W in weights_of(first).items():
        if np.ndim(W) and W.dtype != precision:
            return f"{name} is {W.dtype} after an update, not PRECISION, which is {precision}: slow"
    return None


def weights_of(outcome):
    """Return the weights that main() returned, by name. What it returns after them is left out."""
    return dict(zip(names_of("Wb", outcome.initial), outcome.returned[1:]))


def outcome_fault(outcome):
    """Did main() run, record its epochs, and return the run and the weights?"""
    nothing_failed = outcome.fault is None
    if not outcome.records and (nothing_failed or re.search("argmin|print_table", outcome.fault)):
        # After a loop without records, script A stops at np.argmin(), B and C in print_table().
        return "main() never calls run.record(); it should in each epoch"
    if outcome.fault:
        return outcome.fault
    names = names_of("Wb", outcome.initial)
    run = outcome.returned[0]
    if not isinstance(run, common.Run) or len(outcome.returned) <= len(names):
        found = ["the run" if value is run and isinstance(run, common.Run) else describe(value)
                 for value in outcome.returned]
        return (f"main() returns {', '.join(found)}; it should return the run, then "
                f"{', '.join(names)}")
    if len(run.loss) < len(outcome.records):
        return (f"the run that main() returns has {len(run.loss)} epochs, but "
                f"{len(outcome.records)} were recorded: is common.Run() called in the loop?")
    for name, W, first in zip(names, outcome.returned[1:], outcome.initial):
        if not is_numeric(W) or np.size(W) != np.size(first):
            return (f"main() returns {describe(W)} for {name}, which was {describe(first)} at "
                    f"first: check the update of {name}, and the order in which main() returns "
                    "the weights")
    return None


def records_fault(outcome, last):
    """Is run.record() called in each epoch, and does the loop end where it should?"""
    recorded = len(outcome.records)
    if recorded == last + 1:
        return None
    if outcome.epochs == last:
        return (f"main() calls run.record() {recorded} times if EPOCHS is {last}; it should "
                f"{last + 1} times, for epochs 0 to {last}: check the loop")
    if recorded > last + 1:
        return "main() goes on when run.diverged is True: leave the loop by break, not continue"
    return (f"main() calls run.record() {recorded} times in {last} updates; it should "
            f"{last + 1} times: check the loop")


def results_of(first, second):
    """Return what main() recorded and returned, with the names of train()."""
    results = {}
    # The first run ends as EPOCHS says. So its numbers of epochs 0 and 1 replace the second one's.
    for outcome in second, first:
        for epoch, record in enumerate(outcome.records):
            for number in NUMBERS:
                results[f"run.{number} in epoch {epoch}"] = record[number]
    for name, W in zip(names_of("Wb", first.initial), first.initial):
        after_1 = np.reshape(weights_of(first)[name], np.shape(W))
        after_2 = np.reshape(weights_of(second)[name], np.shape(W))
        results[f"step 1 of {name}"] = after_1 - W
        results[f"step 2 of {name}"] = after_2 - after_1
    return results


def is_right(name, value, right):
    if name.startswith("step"):
        return close(value, right, 1e-3)  # a small difference of two rounded numbers
    return close(value, right, 1e-5)  # float32 rounding


# ---- Which slip it is --------------------------------------------------------------------
def result_fault(script, copy, images, right, results, name):
    """Say why the first wrong result of main() is wrong. copy has the other constants."""
    value = results[name]
    if name.startswith("step"):
        weight = name.split()[-1]
        where = f"check the update of {weight} in main()"
        words = main_slip(copy, images, results, name) or other_step(
            script, copy, right, results, name)
        fallback = differs(value, right[name], f"LEARNING_RATE * d{weight}")
    else:
        where = "check main()"
        words = other_number(right, name, value) or main_slip(copy, images, results, name)
        fallback = f"it is {value:.5g}, not {right[name]:.5g}"
    if not words and not np.isfinite(value).all():
        words = "it is nan or inf; is there a division by 0, as by a standard deviation?"
    if words:
        return f"{name}: {words}: {where}"
    return f"{name}: {fallback}: {where}, {MEANT}"


def other_number(right, name, value):
    """Is a recorded number that of other images, or of another epoch?"""
    epoch = int(name.split()[-1])
    for other, number in right.items():
        if other.startswith("step") or not is_right(other, value, number):
            continue
        what, _, at = other.partition(" in epoch ")
        if int(at) == epoch:
            return f"it is that of {what}; is something exchanged in run.record()?"
        if int(at) == epoch + 1:
            return "it is that of the next epoch; record first, then update"
        if int(at) == epoch - 1:
            return ("it is that of the epoch before; call forward_propagation() in each epoch, "
                    "with the present weights")
    return None


def other_step(script, copy, right, results, name):
    """Is the step that of another learning rate or of another weight, or are there two?"""
    _, step, _, weight = name.split()
    value = results[name]
    if step == "2" and is_right(name, value, results[f"step 1 of {weight}"]):
        return "it is the same as step 1; call backward_propagation() in each epoch"
    own_rate = script.LEARNING_RATE
    if is_right(name, value, own_rate / copy.LEARNING_RATE * right[name]):
        return f"the learning rate is written as {own_rate}; write LEARNING_RATE"
    if step == "1" and is_right(name, value, right[name] + right[f"step 2 of {weight}"]):
        number = "run.loss in epoch 1"
        if is_right(number, results[number], right[number]):
            return ("main() makes another update after the last run.record(); leave the loop "
                    "before it")
        return "main() makes two updates in an epoch"
    for other, number in right.items():
        if other.startswith(f"step {step}"):
            if np.size(number) == 1:  # the step of a bias, added to each number of W
                number = np.full(np.shape(value), np.ravel(number)[0])
            if is_right(name, value, number):
                return f"it is updated with d{other.split()[-1]}"
    return None


def main_slip(script, images, results, name):
    """Return the sentence of the slip that gives this result of main().

    A slip in the data shows in the first numbers already, so it must give all earlier results.
    """
    slip_from = 2 if name.startswith("step 2") else 1
    for place, slip, words in slips.MAIN_SLIPS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                slipped = train(script, images, **{place: slip}, slip_from=slip_from)
        except Exception:  # the slip does not fit this script
            continue
        if not is_right(name, results[name], slipped[name]):
            continue
        earlier = list(slipped)[:list(slipped).index(name)]
        if place != "change" or all(is_right(e, results[e], slipped[e]) for e in earlier):
            return words
    return None
