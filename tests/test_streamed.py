"""Rows that no memory holds: set aside by their text, read in passes, judged as all others are."""

import pickle
import runpy
import shlex
from collections import Counter
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judging_of_problems import learnt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from test_cli import in_this_process
from test_docs import blocks

from recurra import SequenceClassifier
from recurra.baselines.streamed import StreamedTexts, _Terms
from recurra.cli import app
from recurra.cli.following import counterpart
from recurra.data import passes as module
from recurra.data import pieces
from recurra.data.passes import Passes, Shards, Unit, open_shards
from recurra.errors import DataError, RunError, SettingsError
from recurra.judging.report import Report
from recurra.judging.run import bare
from recurra.listeners import Listener, Progress
from recurra.names import READS, TEXTS
from recurra.problems import setting_aside
from recurra.problems.setting_aside import SplitStream, split_stream
from recurra.problems.streams import StreamedProblem, streamed_texts
from recurra.running import run
from recurra.text import TextEncoder
from recurra.text.counts import Counts
from recurra.text.normalise import duplicate_key

WORDS = [a + b + c for a in ("ba", "de", "ki", "lo", "mu", "ra") for b in "nstv" for c in "aeio"]


def rows_of(count: int, seed: int = 0) -> pd.DataFrame:
    """Make texts of a few words: "prize" leans to spam; some are copies but for digits."""
    rng = np.random.default_rng(seed)
    spam = rng.random(count) < 0.4
    said = [
        " ".join([*rng.choice(WORDS, 7), "prize" if lean else "lunch"])
        for lean in spam ^ (rng.random(count) < 0.1)
    ]
    said[::9] = (said[1::9] + said[:1])[: len(said[::9])]
    texts = [f"{text} {number}" for number, text in enumerate(said)]
    return pd.DataFrame({"text": texts, "label": np.where(spam, "spam", "ham"), "id": range(count)})


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return rows_of(1200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, table: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    for number, part in enumerate(np.array_split(np.arange(len(table)), 3)):
        table.iloc[part].to_parquet(folder / f"{number}.parquet", row_group_size=150)
    return folder


@pytest.fixture(scope="module")
def split(folder: Path) -> SplitStream:
    return split_stream(open_shards(folder))


def taught(passes: Passes, epoch: int = 1, seed: int = 0) -> list[str]:
    return [text for _, texts, _ in passes.epoch(epoch, seed) for text in texts]


def problem_of(split: SplitStream, **settings: Any) -> StreamedProblem:
    given = {"epochs": 1, "batch_size": 32, **settings}
    return streamed_texts(split, SequenceClassifier("simple-rnn", **given))


def test_no_more_tokens_are_known_than_a_classifier_asks_for(split: SplitStream) -> None:
    def known(**settings: Any) -> int:
        make = problem_of(split, **settings).contenders[0].make
        return len(make.keywords["encoder"].vocabulary)

    assert known(max_vocabulary=9) < known()
    assert known(max_vocabulary=9) in (9, 11)  # padding and what is unknown may stand beside


# ---- which rows teach


def test_every_row_teaches_once_a_pass_validates_or_is_held_out(
    table: pd.DataFrame, split: SplitStream
) -> None:
    aside = split.labelled.inputs.tolist()
    assert Counter([*taught(split.passes), *aside]) == Counter(table["text"])
    assert 0.2 < len(aside) / len(table) < 0.4
    assert split.passes.rows == len(table) - len(aside)
    labels = dict(zip(table["text"], table["label"], strict=True))
    named = [split.labelled.names[number] for number in split.labelled.truth]
    assert named == [labels[text] for text in aside]
    counts = Counter(labels[text] for text in taught(split.passes))
    assert split.passes.counts == (counts["ham"], counts["spam"])


def test_copies_but_for_digits_stand_on_one_side(split: SplitStream) -> None:
    fold, inputs = split.fold, split.labelled.inputs
    sides = [taught(split.passes), inputs[fold.known], inputs[fold.held]]
    keys = [set(map(duplicate_key, side)) for side in sides]
    assert not any(one & other for one, other in pairwise([*keys, keys[0]]))
    assert len(keys[0]) < len(sides[0])  # there are some


@pytest.mark.parametrize("most", [50, 10**6])
def test_which_rows_are_set_aside_does_not_depend_on_files_or_order(
    table: pd.DataFrame, folder: Path, tmp_path: Path, most: int
) -> None:
    mixed = table.sample(frac=1, random_state=1)
    mixed.iloc[:700].to_csv(tmp_path / "a.csv", index=False)
    mixed.iloc[700:].to_json(tmp_path / "b.jsonl", orient="records", lines=True)
    here, there = (split_stream(open_shards(each), most=most) for each in (folder, tmp_path))
    assert here.passes.limit == there.passes.limit
    for side in ("known", "held"):
        texts = [each.labelled.inputs[getattr(each.fold, side)].tolist() for each in (here, there)]
        assert sorted(texts[0]) == sorted(texts[1])
    assert sorted(taught(here.passes)) == sorted(taught(there.passes))
    assert here.tokens.tokens == there.tokens.tokens
    assert here.terms.texts == there.terms.texts
    assert len(here.labelled.inputs) <= most


def test_terms_of_rows_in_passes_weigh_what_scikit_learns_vectorizer_makes_them_weigh() -> None:
    texts = np.array(
        ["", "a", "Win win WIN prize", "prize win", "7 한국어 어제 prize, win", "lunch"]
    )
    terms = {"win": 3, "prize": 3, "win prize": 1, "prize win": 2, "한국어 어제": 1, "win win": 1}
    found = _Terms(terms, 6).of(texts)
    peer = TfidfVectorizer(vocabulary=list(terms), ngram_range=(1, 2), sublinear_tf=True)
    peer.idf_ = _Terms(terms, 6).idf
    assert (found != peer.transform(texts)).nnz == 0
    assert found.nnz == 11
    assert _Terms({"win": 2}, 6).of(texts[:2]).nnz == 0


def test_where_each_row_set_aside_stands_is_said(table: pd.DataFrame, split: SplitStream) -> None:
    at = {f"{n // 400}.parquet: {n % 400}": text for n, text in enumerate(table["text"])}
    told = zip(split.rows.ids, split.rows.texts, strict=True)
    assert all(at[place] == text for place, text in told)


def test_another_seed_sets_other_rows_aside(folder: Path, split: SplitStream) -> None:
    other = split_stream(open_shards(folder), seed=1)
    assert set(other.labelled.inputs) != set(split.labelled.inputs)


def test_vocabulary_and_terms_are_those_of_the_rows_that_teach(split: SplitStream) -> None:
    texts = taught(split.passes)
    how = {"min_count": 2, "max_vocabulary": None, "max_length": 256, "truncation": "head"}
    assert split.tokens.encoder(**how) == TextEncoder.fit(texts)  # type: ignore[arg-type]
    counter = TfidfVectorizer(ngram_range=(1, 2)).fit(texts)
    known = split.terms.most_frequent()
    alone = [term for term in counter.vocabulary_ if term not in known]
    assert known.keys() <= counter.vocabulary_.keys()
    assert all(sum(f" {term} " in f" {text} " for text in texts) < 2 for term in alone[:20])


@pytest.mark.parametrize("model", TEXTS)
def test_what_a_network_reads_is_known_before_it_is_built(model: str) -> None:
    from recurra.models import architecture_named

    found = architecture_named(model)
    reads = {"tokenizer": "word", "pieces": None, **READS.get(model, {})}
    assert reads == {"tokenizer": found.tokenizer, "pieces": found.pieces}


def test_a_counter_that_forgets_keeps_what_is_frequent() -> None:
    counts: Counts[int] = Counts(20)
    rng, true = np.random.default_rng(0), Counter[int]()
    for _ in range(50):
        seen = np.minimum(rng.zipf(1.5, 100), 10**6).tolist()
        counts.update(seen)
        true.update(seen)
        counts.trim()
        assert len(counts) <= 20
    often = {thing for thing, count in true.items() if count > counts.forgotten}
    assert often
    assert often <= counts.keys()
    assert all(0 <= true[thing] - count <= counts.forgotten for thing, count in counts.items())


# ---- passes


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EPOCH", 300)
    monkeypatch.setattr(module, "BUFFER", 100)
    monkeypatch.setattr(module, "BLOCK", 40)


@pytest.mark.usefixtures("small")
def test_the_epochs_of_a_pass_share_its_rows(split: SplitStream) -> None:
    passes = split.passes
    assert passes.epochs == 4
    parts = [taught(passes, number) for number in (1, 2, 3, 4)]
    assert Counter(chain.from_iterable(parts)) == Counter(
        text for n in (5, 6, 7, 8) for text in taught(passes, n)
    )
    assert min(map(len, parts)) > 100
    assert taught(passes, 1) == parts[0] != taught(passes, 5)
    assert Counter(parts[0]) != Counter(taught(passes, 5))  # other units come first
    assert taught(passes, 1, seed=1) != parts[0]


@pytest.mark.usefixtures("small")
def test_rows_come_shuffled_in_blocks_with_the_share_that_is_read(split: SplitStream) -> None:
    found = list(split.passes.epoch(1))
    assert {len(texts) for _, texts, _ in found[:-2]} == {40}
    shares = [share for share, _, _ in found]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    numbers = [split.passes.numbers[label] for label in ("ham", "spam")]
    assert numbers == [0, 1]


def test_long_texts_fill_the_buffer_until_rows_are_drawn_from_it(
    split: SplitStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LETTERS", 1000)
    monkeypatch.setattr(module, "BLOCK", 10)
    rows = split.passes.rows
    blocks = list(islice(split.passes.epoch(1), rows + 1))  # of no end, if it stayed full
    assert sum(len(texts) for _, texts, _ in blocks) == rows
    assert blocks[0][0] < 0.5  # the rows of a pass would fit, their letters do not


@pytest.mark.usefixtures("small")
def test_rows_of_several_units_are_mixed(
    split: SplitStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS", 30)
    monkeypatch.setattr(module, "BUFFER", 40)
    shards = split.passes.shards
    unit_of = {
        text: unit
        for unit in range(len(shards.units))
        for chunk in shards.read(unit)
        for text in chunk.texts
    }
    blocks = [texts for _, texts, _ in replace(split.passes).epoch(1)]
    kinds = [len({unit_of[text] for text in texts}) for texts in blocks]
    assert np.mean(kinds) > 2.2


def test_of_very_long_texts_fewer_are_set_aside_and_the_others_teach(
    folder: Path, split: SplitStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards, letters = open_shards(folder), 4000
    monkeypatch.setattr(setting_aside, "LETTERS", letters)
    fewer = split_stream(shards)
    held = list(fewer.rows.texts)
    assert letters / 2 < sum(map(len, held)) <= letters
    assert set(held) < set(split.rows.texts)
    units = range(len(shards.units))
    every = [text for unit in units for chunk in shards.read(unit) for text in chunk.texts]
    assert Counter(every) == Counter(held) + Counter(taught(fewer.passes))
    counted = fewer.tokens.encoder(
        min_count=1, max_vocabulary=None, max_length=256, truncation="head"
    )
    assert counted == TextEncoder.fit(taught(fewer.passes), min_count=1)


def test_rows_that_stand_sorted_by_label_are_said_to(
    tmp_path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_aside, "SOME_ROWS", 50)
    monkeypatch.setattr(setting_aside, "BUFFER", 100)
    table.sort_values("label").to_parquet(tmp_path / "a.parquet", row_group_size=100)
    (said,) = [n for n in split_stream(open_shards(tmp_path)).rows.notes if "sorted" in n]
    table.to_parquet(tmp_path / "a.parquet", row_group_size=100)
    assert not [n for n in split_stream(open_shards(tmp_path)).rows.notes if "sorted" in n]
    assert "too few to mix them" in said


# ---- what cannot be read


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "names none"),
        ({"a.csv": ""}, "holds none"),
        ({"a.csv": "text,label\na b,x\n", "b.csv": "texts,label\na b,x\n"}, "b.csv has no 'text'"),
        ({"a.csv": "text,label\n" + "a b c,ham\n" * 50}, "two classes or more"),
        ({"a.csv": "text,label\n" + "".join(f"a b,{n}\n" for n in range(1500))}, "1,000 classes"),
        ({"a.parquet": "PAR1 and nothing"}, "must be whole"),
        ({"a.csv": "text,label\n" + "hi you,spam\nsee you,ham\n" * 9}, "must stand on every side"),
    ],
)
def test_what_cannot_be_learnt_from_is_said_in_one_line(
    tmp_path: Path, content: dict[str, str], said: str
) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        split_stream(open_shards(tmp_path, text=["text"], label="label"))


def test_rows_without_a_text_or_a_label_are_left_out_and_counted(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    worse = table.copy()
    worse.loc[::10, "text"] = None
    worse.loc[5::10, "label"] = ["", "null"] * 60
    worse.to_parquet(tmp_path / "a.parquet")
    found = split_stream(open_shards(tmp_path))
    assert int(found.counts.sum()) == 960
    assert "240 rows without a text or a label left out" in found.rows.notes


def test_labels_in_capitals_and_texts_of_nothing_are_said_as_elsewhere(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    worse = table.copy()
    worse.loc[::4, "label"] = worse.loc[::4, "label"].str.upper()
    worse.loc[:2, "text"] = ["NULL", " n/a", "NULL"]
    for name, part in (("a.csv", worse[:600]), ("b.csv", worse[600:])):
        part.to_csv(tmp_path / name, index=False)
    rows = split_stream(open_shards(tmp_path)).rows
    (capitals,) = [note for note in rows.notes if "differ in capitals alone" in note]
    one = str(table["label"].iloc[0])
    assert f"{one.upper()}, {one}" in capitals
    assert "3 texts are nothing but n/a, NULL: they are read as texts, not left out" in rows.notes


def test_numbers_as_labels_are_read_as_in_other_files(tmp_path: Path, table: pd.DataFrame) -> None:
    as_numbers = table.assign(label=(table["label"] == "spam").astype(float))
    as_numbers.iloc[:600].to_parquet(tmp_path / "a.parquet")
    as_numbers.iloc[600:].astype({"label": int}).to_csv(tmp_path / "b.csv", index=False)
    found = split_stream(open_shards(tmp_path))
    assert (found.labelled.names, found.labelled.positive) == (("0", "1"), 1)


def test_a_network_that_begins_as_a_linear_model_is_refused(split: SplitStream) -> None:
    classifier = SequenceClassifier("ngram-bi-gru", epochs=1)
    how = {"min_count": 2, "max_vocabulary": None, "max_length": 9, "truncation": "head"}
    encoder = split.tokens.encoder(**how)  # type: ignore[arg-type]
    known, sides = split.labelled.take(split.fold.known), list(split.fold.sides)
    with pytest.raises(SettingsError, match="begins"):
        classifier.fit(
            known.inputs, known.labels, sides=sides, encoder=encoder, passes=split.passes
        )


# ---- judged


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """The run of the first command of the page."""
    place = tmp_path_factory.mktemp("streamed")
    (place / "shards").symlink_to(folder)
    quick = ["--model", "simple-rnn", "--epochs", "4", "--batch-size", "16"]
    found = in_this_process(*documented()[0], *quick, cwd=place)
    assert found.returncode == 0, found.stderr
    return place / "runs" / "shards"


def documented() -> list[list[str]]:
    """Give the commands of the page that train on shards, without their first word."""
    lines = "".join(blocks("docs/scale.md", "console")).splitlines()
    asked = [line for line in lines if line.startswith("$ recurra train streamed ")]
    return [shlex.split(line, comments=True)[2:] for line in asked]


def test_the_other_documented_command_and_the_block_of_python_run(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(table)), 2)):
        table.iloc[part].to_parquet(tmp_path / "logs" / f"2026-{number}.parquet")
    _, words, (_, _, address, *columns) = documented()
    there = open_shards(address.replace("s3://bucket", tmp_path.as_uri()), label=columns[1])
    assert [unit.path.name for unit in there.units] == ["2026-0.parquet", "2026-1.parquet"]
    found = in_this_process(*words, "--epochs", "1", "--model", "one-to-one", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "runs" / "logs" / "report.json").exists()
    (block,) = blocks("docs/scale.md", "python")
    (tmp_path / "block.py").write_text(block, "utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(tmp_path / "block.py"))


def test_a_run_of_shards_is_judged_and_asked_like_any_other(
    finished: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    report = Report.model_validate_json((finished / "report.json").read_text("utf-8"))
    assert report.data.rows == len(table)
    assert report.split.train + report.split.validation + report.split.test == len(table)
    assert [probe.name for probe in report.probes] == ["rows in both sides", "target in the text"]
    assert report.probes[1].passed
    network, linear = report.contender("simple-rnn"), report.contender("word TF-IDF + SGD")
    for each in (network, linear):
        assert each.measures["accuracy"].value > 0.7  # type: ignore[operator]
    new = tmp_path / "new.csv"
    rows_of(200, seed=5).to_csv(new, index=False)
    for more in ([], ["--with", linear.name]):
        asked = in_this_process("predict", str(finished), *more, "a prize of bana", cwd=tmp_path)
        assert asked.stdout.splitlines()[-1].startswith("spam"), asked.stderr
    judged = in_this_process("evaluate", str(finished), str(new), cwd=tmp_path)
    assert judged.returncode == 0, judged.stderr
    assert "is not known" in judged.stdout + judged.stderr


def test_the_page_and_the_split_of_a_run_tell_of_the_rows_at_hand(finished: Path) -> None:
    sides = pd.read_csv(finished / "split.csv")["side"].value_counts()
    report = Report.model_validate_json((finished / "report.json").read_text("utf-8"))
    assert sides.to_dict() == {"validation": report.split.validation, "test": report.split.test}
    page = (finished / "report.html").read_text("utf-8")
    assert f"{report.split.train:,} rows teach" in page


def test_no_comparison_is_offered_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["recurra", "train", "streamed", "shards/", "--text", "body"])
    assert counterpart(app, "compare", "compare it") == []
    monkeypatch.setattr("sys.argv", ["recurra", "train", "a.csv", "--text", "body"])
    assert counterpart(app, "compare", "it") == [
        ("it", ["compare", "texts", "a.csv", "--text", "body"])
    ]


def test_held_rows_teach_nothing(
    table: pd.DataFrame, folder: Path, split: SplitStream, tmp_path: Path
) -> None:
    """Their labels are turned round: another text would stand on another side."""
    held = set(split.labelled.inputs[split.fold.held])
    turned = table.copy()
    of_held = table["text"].isin(held)
    turned.loc[of_held, "label"] = table["label"].map({"ham": "spam", "spam": "ham"})[of_held]
    turned.to_parquet(tmp_path / "a.parquet", row_group_size=150)
    table.to_parquet((tmp_path / "same.parquet"), row_group_size=150)
    found = [
        learnt(problem_of(split_stream(open_shards(tmp_path / name))), tmp_path / name[:-8])
        for name in ("same.parquet", "a.parquet")
    ]
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


def test_near_copies_among_rows_that_teach_are_looked_for(
    table: pd.DataFrame, split: SplitStream, tmp_path: Path
) -> None:
    held = split.labelled.inputs[split.fold.held][:40]
    near = pd.DataFrame({"text": [f"{text} thanks" for text in held], "label": "ham"})
    pd.concat([table[["text", "label"]], near]).to_parquet(tmp_path / "a.parquet")
    probe = run(problem_of(split_stream(open_shards(tmp_path)))).report.probes[0]
    assert not probe.passed
    assert 15 <= probe.size <= 45
    assert "without them" in probe.detail


def test_a_linear_model_in_passes_is_as_good_as_one_in_memory(split: SplitStream) -> None:
    """Of 800 rows; one that saw them all at once has the least log loss that there is."""
    known = problem_of(split).known(split.fold.known)
    texts, held = taught(split.passes), split.fold.held
    truth = np.concatenate([classes for _, _, classes in split.passes.epoch(1)])
    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True, ngram_range=(1, 2)).fit(texts)
    best = min(
        brier(
            LogisticRegression(C=C, max_iter=1000)
            .fit(vectors.transform(texts), truth)
            .predict_proba(vectors.transform(split.labelled.inputs[held])),
            split.labelled.truth[held],
        )
        for C in (1.0, 10.0, 100.0)
    )
    model = StreamedTexts("word TF-IDF + SGD").fit(known, [])
    said = model.say(split.labelled.inputs[held]).probabilities
    assert brier(said, split.labelled.truth[held]) < best + 0.02


def test_where_no_term_is_in_two_texts_the_shares_are_told(split: SplitStream) -> None:
    known = replace(problem_of(split).known(split.fold.known), frequencies={})
    said = StreamedTexts("word TF-IDF + SGD").fit(known, []).say(known.inputs[:2])
    assert np.allclose(said.probabilities, known.counts / known.counts.sum())


def brier(said: Any, truth: Any) -> float:
    return float(((said - np.eye(2)[truth]) ** 2).sum(axis=1).mean())


def test_of_three_classes_the_shares_of_a_row_add_up_to_one(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    third = table["text"].str.contains("kina")
    table.assign(label=table["label"].where(~third, "other")).to_parquet(tmp_path / "a.parquet")
    split = split_stream(open_shards(tmp_path))
    found = run(problem_of(split), tmp_path / "run")
    assert split.labelled.names == ("ham", "other", "spam")
    for contender in found.report.contenders:
        shares = found.statistics(contender.name)[:, :3]
        assert np.allclose(shares.sum(axis=1), 1)
    assert found.report.contender("word TF-IDF + SGD").measures["accuracy"].value > 0.6  # type: ignore[operator]


class Stops(Listener):
    """Ends the work, as Ctrl-C does, within the third epoch."""

    def progress(self, member: int, progress: Progress) -> None:
        if progress.epoch == 3 and progress.done > 0.3:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("small")
def test_a_training_that_was_interrupted_goes_on_to_the_same_weights(
    split: SplitStream, tmp_path: Path
) -> None:
    problem = problem_of(split, epochs=5)
    whole = run(problem, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(problem, tmp_path / "run", listeners=[Stops()])
    with pytest.raises(RunError):
        run(problem_of(split, epochs=6), tmp_path / "run", resume=True)
    again = run(problem, tmp_path / "run", resume=True)
    one, other = (each.model("simple-rnn").estimator for each in (whole, again))
    assert one.histories_ == other.histories_
    assert len(one.histories_[0].rows) == 5
    for name, weights in one.weights_[0].items():
        assert np.array_equal(weights, other.weights_[0][name])
    saved = SequenceClassifier.load(tmp_path / "run" / "model")
    asked = split.labelled.inputs[:5]
    assert np.allclose(saved.predict_proba(asked), one.predict_proba(asked), atol=1e-5)


def test_other_processes_may_fit_what_is_streamed(split: SplitStream) -> None:
    problem = problem_of(split)
    known = pickle.loads(pickle.dumps(bare(problem))).known(split.fold.known)
    assert taught(known.passes) == taught(split.passes)
    contender = pickle.loads(pickle.dumps(problem.contenders[-1]))
    assert contender.make(0).kind == "word TF-IDF + SGD"


def test_all_rows_are_never_fitted_on(split: SplitStream) -> None:
    with pytest.raises(SettingsError, match="leave out --fit-all"):
        problem_of(split).whole()


def test_several_text_columns_are_read_as_one(table: pd.DataFrame, tmp_path: Path) -> None:
    parts = table["text"].str.split(" ", n=2, expand=True)
    table.assign(title=parts[0] + " " + parts[1], body=parts[2]).to_parquet(tmp_path / "a.parquet")
    shards = open_shards(tmp_path, text=["title", "body"], label="label")
    assert " ␞ " in next(shards.read(0)).texts[0]
    assert isinstance(shards, Shards)
    assert shards.units == (Unit(tmp_path / "a.parquet", 0, 0),)
