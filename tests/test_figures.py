"""Do the table and the figures show what they say, number by number?"""
from collections import Counter

import matplotlib
import numpy as np
import pytest
from judge import ROOT, A, B, C, load

import common

pytestmark = pytest.mark.full
FIGURES = {  # of each script; where there are curves, the first and last epoch, of 600
    A: {"fig2a_loss.png": (10, 600), "fig2b_loss_zoom.png": (300, 600), "fig2d_weights.png": None,
        "fig2c_loss_500_epochs.png": (10, 500), "fig2e_accuracy.png": (10, 600)},
    B: {"fig3a_accuracy.png": (1, 600), "fig3b_loss.png": (1, 600),
        "fig3c_hidden_weights.png": None},
    C: {"fig4a_accuracy.png": (1, 600), "fig4b_loss.png": (1, 600), "fig1_network.png": None,
        "fig4c_confusion_matrix.png": None}}
CHANGES = {"DIGIT": 3, "HIDDEN_UNITS": 5, "LEARNING_RATE": 0.25, "SEED": 7, "SHARED_BIAS": False}


def made_up_run(exercise="A", epochs=20, **settings):
    """Return a run in which every number is another one."""
    run = common.Run(exercise, epochs, **settings)
    for k, numbers in enumerate(run.lists):
        numbers.extend(((0.2 + 0.1 * k) * (2 + np.cos(np.arange(epochs + 1)))).tolist())
    return run


@pytest.mark.parametrize("exercise, quantity, at, right, wrong", [
    ("A", "loss", 500, 0.03004882, 0.0301), ("A", "test_loss", 500, 0.02519676, 0.0251966),
    ("B", "test_loss", 499, 0.0269608, 0.0269657), ("B", "test_accuracy", 499, 0.9913, 0.9912),
    ("C", "test_loss", 499, 0.329822, 0.312764), ("C", "test_accuracy", 499, 0.9238, 0.9239)])
def test_table(exercise, quantity, at, right, wrong, capsys):
    """The report's numbers, this run's of the same epochs and, in a note, if they differ."""
    other = "not the report's numbers: the network or its first weights differ"
    for number, epochs, SEED, note in ((right, at, 138, ""), (wrong, at, 138, other),
                                       (wrong, at, 7, "not the report's settings: SEED = 7"),
                                       (wrong, at - 1, 138, "")):
        run = made_up_run(exercise, epochs, SEED=SEED)
        run.rises_from, table = 2000, ["report this run"]
        for name, digits, _, key, epoch in run.results:
            ours = getattr(run, key)
            if epoch == epochs:
                ours[epoch] = number if key == quantity else float(digits)
            if epoch:
                ours = ours[epoch] if epoch <= epochs else None
            table.append(f"{name} {digits} {ours or 'needs more epochs'}")
        table += [f"this run, epoch {epochs} training test",
                  f"accuracy {run.accuracy[-1]:.4f} {run.test_accuracy[-1]:.4f}",
                  f"loss {run.loss[-1]} {run.test_loss[-1]} {note}"]
        run.print_table()
        assert capsys.readouterr().out.split() == " ".join(table).split()


def curves_and_points(run, quantity, first, last):
    """Return {label: (x, y)} of what a figure of a run should show."""
    shown = {}
    for part, key in ("training", quantity), ("test", f"test_{quantity}"):
        values = getattr(run, key)[first:last + 1]
        shown[f"{part}: {values[-1]:#.4g} at the end"] = list(range(first, last + 1)), values
        for _, digits, _, result, epoch in run.results:
            if result == key and first <= epoch <= last and not run.note:
                shown[f"{part}, report: {float(digits):#.4g}"] = [epoch], [float(digits)]
    for words, epoch in ("starts to rise", run.rises_from), ("above training loss", run.above_from):
        if epoch and first <= epoch <= last and quantity == "loss":
            shown[f"test loss {words}, epoch {epoch}"] = [epoch] * 2, [0, 0.5]
    return shown


@pytest.mark.parametrize("epochs, changes", [(600, {}), (20, {}), (1, {}), (510, CHANGES)])
def test_main_draws_its_own_numbers(script, epochs, changes, small_mnist, figures):
    """With the report's numbers, if the settings are the report's; else the settings are said."""
    changes = {key: value for key, value in changes.items() if hasattr(script, key)}
    vars(script).update(changes, EPOCHS=epochs, overfitting=lambda run: (200, 400))
    run, W, *_ = script.main()
    said = {f"{key} = {value}" for key, value in changes.items()} or {""}
    assert set(run.note.removeprefix("not the report's settings: ").split(", ")) == said
    assert set(figures) == set(FIGURES[script.__name__])
    for name, figure in figures.items():
        assert figure.get_supxlabel() == run.note
        if span := FIGURES[script.__name__][name]:
            first, last = span[0], min(span[1], epochs)
            first = first if first < last else last // 2
            axes, quantity = figure.axes[0], "accuracy" if "accuracy" in name else "loss"
            assert curves_and_points(run, quantity, first, last) == {line.get_label(): (
                list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}
            assert axes.get_title().startswith(f"Fig. {name[3:5]}: ") and axes.get_legend()
            assert axes.get_title().endswith(f", epochs {first:,} to {last:,}")
            assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", quantity)
        elif "weights" in name:
            for axes, weights in zip(figure.axes, W):
                np.testing.assert_array_equal(axes.images[0].get_array().ravel(), weights)
                assert axes.images[0].origin == "upper" and sum(axes.images[0].get_clim()) == 0


def test_overfitting_is_found():
    script, run = load(ROOT / f"{A}.py"), made_up_run()
    for lowest, training, found in ((2000, 500, (2000, 2501)), (2000, 9000, (2000, None)),
                                    (2901, 0, (None, None)), (2900, 9000, (2900, None))):
        run.loss, run.test_loss = [training] * 3001, [abs(k - lowest) for k in range(3001)]
        assert script.overfitting(run) == found, "a rise counts if it has lasted 100 epochs"


def test_network_and_mistakes_are_those_of_the_run(small_mnist, figures):
    """The most confident mistakes come first, with their labels."""
    script, (X, labels) = load(ROOT / f"{C}.py"), small_mnist[1]
    script.HIDDEN_UNITS, script.EPOCHS = 60, 200
    _, *weights = script.main()
    A1, A2 = script.forward_propagation(X, *weights)
    guesses, network = A2.argmax(axis=1), figures["fig1_network.png"]
    assert network.get_suptitle() == f"Fig. 1: a test image of a 7, read as a {guesses[0]}"
    image, hidden, outputs = network.axes
    np.testing.assert_array_equal(image.images[0].get_array(), X[0].reshape(28, 28))
    np.testing.assert_array_equal(hidden.images[0].get_array().compressed(), A1[0])
    np.testing.assert_array_equal([bar.get_width() for bar in outputs.patches], A2[0])
    matrix, *cells = figures["fig4c_confusion_matrix.png"].axes
    counts = Counter({text.get_position(): int(text.get_text() or 0) for text in matrix.texts})
    shades = Counter({(x, y): n for (y, x), n in np.ndenumerate(matrix.images[0].get_array())})
    assert counts == shades == Counter(zip(guesses, labels))
    wrong = np.flatnonzero(guesses != labels)
    assert matrix.get_title() == f"Fig. 4c: {len(wrong)} of 200 test images misread"
    for cell, k in zip(cells, sorted(wrong, key=lambda k: -A2[k, guesses[k]])):
        assert cell.get_title() == f"{labels[k]} -> {guesses[k]}"
        np.testing.assert_array_equal(cell.images[0].get_array(), X[k].reshape(28, 28))


@pytest.mark.filterwarnings("error")
def test_figures_are_the_same_whatever_the_users_settings(monkeypatch, tmp_path):
    """And those settings are the same afterwards."""
    monkeypatch.setattr(common, "ROOT", tmp_path)
    pictures = []
    for rc in {}, {"text.usetex": True, "font.size": 30, "savefig.dpi": 10, "lines.marker": "o"}:
        with matplotlib.rc_context(rc):
            before = dict(matplotlib.rcParams)
            common.draw_curves(made_up_run(), "figures/a.png", "loss", "title")
            assert dict(matplotlib.rcParams) == before
        pictures.append((tmp_path / "figures/a.png").read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", ["folder/a.png", "file/a.png"])
def test_figures_that_cannot_be_saved(name, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "ROOT", tmp_path)
    (tmp_path / "folder/a.png").mkdir(parents=True)
    (tmp_path / "file").write_text("in the way")
    run = made_up_run()
    for run.status, status in (0, 1), (130, 130):
        common.draw_curves(run, name, "loss", "title")
        assert run.status == status
        assert capsys.readouterr().err.startswith(f"error: cannot write {name}: ")


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_same_settings_give_the_same_numbers(script, precision, small_mnist):
    """To the last bit; another seed gives others. All in the script's precision and range."""
    script.PRECISION, script.INIT_RANGE, script.EPOCHS = precision, 0.25, 2
    assert all(0.2 < abs(W).max() <= 0.25 for W in script.initial_weights()[::2])
    (run, *weights), (again, *_) = script.main(), script.main()
    assert run.note == "not the report's settings: INIT_RANGE = 0.25"
    script.SEED += 1
    assert run.lists == again.lists != script.main()[0].lists
    assert {weight.dtype for weight in weights} == {np.dtype(precision)}
