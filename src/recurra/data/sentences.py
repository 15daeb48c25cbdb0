"""Tagged sentences by what a user calls them: a file, English EWT, the embedded sample."""

from pathlib import Path

import numpy as np

from recurra.data.corpora import locate_corpus
from recurra.data.tagged import ANY_COLUMNS, TagColumns, TaggedSentences, read_tagged
from recurra.errors import SettingsError

__all__ = ["open_sentences", "sample_sentences"]

STEMS = ["walk", "talk", "play", "drink", "dream", "smile", "cook", "paint", "dance", "visit"]


def open_sentences(
    side: str,
    file: str | Path | None = None,
    *,
    sample: bool = False,
    columns: TagColumns = ANY_COLUMNS,
    encoding: str | None = None,
) -> TaggedSentences:
    """Read one side of tagged sentences.

    Args:
        side: "train" or "test"; which side of the sample or of English EWT.
        file: of tagged sentences, in any form of `read_tagged`; None: English EWT.
        sample: whether the embedded sample is taken.
        columns: of the file, by what they hold.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: the file cannot be used, or EWT is not there.
        SettingsError: a file and the sample are asked for.
    """
    if sample:
        if file is not None:
            raise SettingsError("--sample goes without a file: give one source.")
        return sample_sentences(side)
    return read_tagged(file or locate_corpus("ud-ewt", side), columns, encoding=encoding)


def sample_sentences(side: str) -> TaggedSentences:
    """Make up sentences by rule, in which a word such as "walk" is a noun or a verb.

    The first 480 are to "train" on, 120 more to "test" on.
    """
    rng = np.random.default_rng(0)
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for _ in range(600):
        noun, verb, other = rng.choice(STEMS, 3, replace=False)
        who = rng.choice(["we", "they", "you"])
        adjective = rng.choice(["long", "good", "quiet", "old"])
        if rng.random() < 0.5:
            words.append(["the", adjective, noun, "and", "the", other, verb, "us", "."])
            tags.append(["DET", "ADJ", "NOUN", "CCONJ", "DET", "NOUN", "VERB", "PRON", "PUNCT"])
        else:
            words.append([who, verb, "and", other, "the", adjective, noun, "."])
            tags.append(["PRON", "VERB", "CCONJ", "VERB", "DET", "ADJ", "NOUN", "PUNCT"])
    note = "sentences made by a rule for this package"
    part = slice(480) if side == "train" else slice(480, None)
    return TaggedSentences(words[part], tags[part], "embedded sample", "0" * 64, [note])
