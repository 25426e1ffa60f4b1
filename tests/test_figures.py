"""Do the table and the figures show what they say, number by number?"""
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


@pytest.mark.parametrize("exercise", common.REPORT)
@pytest.mark.parametrize("off", [(0.99, 0.99), (-1.01, 0), (0, 1.01)])
def test_the_table_says_where_a_number_is_not_the_reports(exercise, off, capsys):
    run = made_up_run(exercise, 500)
    for (_, digits, rounding, quantity, epoch), part in zip(run.results, off):
        getattr(run, quantity)[epoch] = float(digits) + part * rounding
    run.print_table()
    table, _, note = capsys.readouterr().out.partition("not the report's numbers: the network or")
    assert bool(note) == (off != (0.99, 0.99))
    assert table.split()[-6:] == ["accuracy", *(f"{a[-1]:.4f}" for a in run.lists[::2]),
                                  "loss", *(str(loss[-1]) for loss in run.lists[1::2])]


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
    assert all(f"{key} = {value}" in run.note for key, value in changes.items())
    assert run.note.count("=") == len(changes)
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
    assert np.array_equal(image.images[0].get_array().ravel(), X[0])
    assert np.array_equal(hidden.images[0].get_array().compressed(), A1[0])
    assert np.array_equal([bar.get_width() for bar in outputs.patches], A2[0])
    matrix, *cells = figures["fig4c_confusion_matrix.png"].axes
    for text in matrix.texts:
        guess, label = text.get_position()
        count = np.sum((guesses == guess) & (labels == label))
        assert int(text.get_text() or 0) == matrix.images[0].get_array()[label, guess] == count
    wrong = np.flatnonzero(guesses != labels)
    assert matrix.get_title() == f"Fig. 4c: {len(wrong)} of 200 test images misread"
    for cell, k in zip(cells, sorted(wrong, key=lambda k: -A2[k, guesses[k]])):
        assert cell.get_title() == f"{labels[k]} -> {guesses[k]}"
        assert np.array_equal(cell.images[0].get_array().ravel(), X[k])


@pytest.mark.filterwarnings("error")
def test_a_figure_is_saved(monkeypatch, tmp_path, capsys):
    """The same one, whatever a user's settings; if it cannot be, a line says why."""
    monkeypatch.setattr(common, "ROOT", tmp_path)
    pictures, run = set(), made_up_run()
    for rc in {}, {"text.usetex": True, "font.size": 30, "savefig.dpi": 10, "lines.marker": "o"}:
        with matplotlib.rc_context(rc):
            common.draw_curves(run, "figures/a.png", "loss", "title")
        pictures.add((tmp_path / "figures/a.png").read_bytes())
    assert len(pictures) == 1 and run.status == 0
    (tmp_path / "figures/b.png").mkdir()
    for name, before, after in ("figures/b.png", 0, 1), ("figures/a.png/c.png", 130, 130):
        run.status = before
        common.draw_curves(run, name, "loss", "title")
        assert capsys.readouterr().err.startswith(f"error: cannot write {name}: ")
        assert run.status == after


def test_seed_precision_and_range(script, small_mnist):
    """The same settings give the same numbers, to the last bit; another seed gives others."""
    script.PRECISION, script.INIT_RANGE, script.EPOCHS = np.float64, 0.25, 2
    (run, *_), (again, *_), (W, *_) = script.main(), script.main(), script.initial_weights()
    assert run.lists == again.lists and W.dtype == float and 0.2 < abs(W).max() <= 0.25
    script.SEED += 1
    assert run.lists != script.main()[0].lists
