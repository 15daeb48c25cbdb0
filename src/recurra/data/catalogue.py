"""Datasets by name: where they are looked for, where they come from, under which licence.

Some are one file or two, and are downloaded and checked. Others are not downloaded: their
publishers replace them as they grow, so there is no file to check a download against. Whoever has
none is told where to get it and where to put it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from recurra.data.fetching import Remote, fetch
from recurra.errors import DataError, SourceError
from recurra.files import write_atomically
from recurra.places import cache_folder

__all__ = [
    "CATALOGUE",
    "CORPORA",
    "SAMPLE_SOURCE",
    "Corpus",
    "Entry",
    "files_of",
    "locate",
    "locate_corpus",
    "sample_path",
]

SAMPLE_SOURCE = "embedded sample"
SAMPLES = {"sentiment": "reviews-en.tsv", "sentiment-ko": "reviews-ko.tsv"}
NSMC = "https://raw.githubusercontent.com/e9t/nsmc/master"


@dataclass(frozen=True)
class Entry:
    """A dataset by name, which can be fetched.

    Args:
        title: for people.
        files: its known files and folders, as paths under the data folder, the preferred one
            first.
        remotes: what is fetched; the first of `files` comes last, and says that all are there.
        licence: under which it is published.
    """

    title: str
    files: tuple[str, ...]
    remotes: tuple[Remote, ...]
    licence: str


@dataclass(frozen=True)
class Corpus:
    """A dataset by name, which has parts and is got by hand.

    Args:
        title: for people.
        parts: from the name of a part ("train", "dev", …) to its path under the data folder.
        page: where it is published.
        licence: under which.
    """

    title: str
    parts: dict[str, str]
    page: str
    licence: str


CATALOGUE = {
    "spam": Entry(
        title="SMS Spam Collection (Almeida, Hidalgo): 5,574 English messages",
        files=("sms-spam/SMSSpamCollection", "sms-spam/spam.csv"),
        remotes=(
            Remote(
                "sms-spam/SMSSpamCollection",
                "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
                477_907,
                "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
            ),
        ),
        licence="CC BY 4.0",
    ),
    "sentiment": Entry(
        title="Large Movie Review Dataset (Maas et al. 2011): 50,000 English reviews from IMDB",
        files=("imdb/aclImdb_v1.tar.gz", "imdb/train.tsv", "imdb/aclImdb"),
        remotes=(
            Remote(
                "imdb/aclImdb_v1.tar.gz",
                "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                84_125_825,
                "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            ),
        ),
        licence="for research; cite Maas et al. 2011",
    ),
    "sentiment-ko": Entry(
        title="Naver Sentiment Movie Corpus (e9t): 200,000 Korean one-line reviews",
        files=("nsmc/ratings_train.txt",),
        remotes=(
            Remote(
                "nsmc/ratings_test.txt",
                f"{NSMC}/ratings_test.txt",
                4_893_335,
                "8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda",
            ),
            Remote(
                "nsmc/ratings_train.txt",
                f"{NSMC}/ratings_train.txt",
                14_628_807,
                "e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940",
            ),
        ),
        licence="CC0 1.0",
    ),
}


def _treebank(folder: str, prefix: str, *parts: str) -> dict[str, str]:
    return {part: f"{folder}/{prefix}-ud-{part}.conllu" for part in parts}


CORPORA = {
    "ud-ewt": Corpus(
        "Universal Dependencies, English Web Treebank",
        _treebank("ud-ewt", "en_ewt", "train", "dev", "test"),
        "https://github.com/UniversalDependencies/UD_English-EWT",
        "CC BY-SA 4.0",
    ),
    "ud-ko-gsd": Corpus(
        "Universal Dependencies, Korean GSD",
        _treebank("ud-ko-gsd", "ko_gsd", "train", "dev", "test"),
        "https://github.com/UniversalDependencies/UD_Korean-GSD",
        "CC BY-SA 4.0",
    ),
    "names": Corpus(
        "Surnames of 18 languages, a file a language",
        {"all": "names"},
        "https://github.com/spro/practical-pytorch",
        "MIT",
    ),
    "tatoeba-kor-eng": Corpus(
        "English sentences with Korean translations, from Tatoeba",
        {"all": "tatoeba-kor-eng/kor.txt"},
        "https://www.manythings.org/anki/",
        "CC BY 2.0 FR",
    ),
}


def sample_path(name: str = "spam") -> Path:
    """Give an embedded sample: texts written for this package, none from any collection."""
    return Path(str(files("recurra.data") / "samples" / SAMPLES.get(name, "messages.tsv")))


def locate(
    name: str, part: str = "all", *, prefer: str | None = None, download: bool = True
) -> Path:
    """Find a dataset: under $RECURRA_DATA, then in the cache, else download it where that is known.

    Args:
        name: a name of `CATALOGUE` or `CORPORA`.
        part: of a corpus, a name of its `parts`.
        prefer: the ending of the file wanted where several are known.
        download: whether it may be fetched.

    Raises:
        DataError: it is nowhere, and cannot be fetched.
    """
    if name in CORPORA:
        corpus, relative = CORPORA[name], CORPORA[name].parts[part]
        found = next((path for path in _candidates([relative]) if path.exists()), None)
        if found is None:
            raise _to_get(corpus, relative)
        return found
    entry = CATALOGUE[name]
    wanted = sorted(entry.files, key=lambda file: not file.endswith(prefer or entry.files[0]))
    for path in _candidates(wanted):
        if path.is_file() or (path / "train").is_dir():
            return path
    if download:
        return _download(name, entry)
    raise _absent(name, entry, "it was not to be downloaded")


def files_of(name: str) -> list[tuple[str, Path]]:
    """Give the files of a dataset of `CATALOGUE` that is here, each with its path below the data.

    Where it is here in another form than it is fetched in, those of the form that `locate` gives.
    """
    entry, found = CATALOGUE[name], []
    for wanted in ([remote.path for remote in entry.remotes], list(entry.files)):
        for relative in wanted:
            path = next((each for each in _candidates([relative]) if each.is_file()), None)
            if path is not None:
                packed = ".gz" if path.suffix == ".gz" != Path(relative).suffix else ""
                found.append((f"{relative}{packed}", path))
    return list(dict.fromkeys(found))


def locate_corpus(name: str, part: str = "all") -> Path:
    """Find a part of a corpus, plain or .gz, as `locate` does."""
    return locate(name, part)


def _candidates(wanted: list[str]) -> Iterator[Path]:
    """Give the places where files are looked for, plain, packed, or without their folder."""
    places = [Path(os.environ["RECURRA_DATA"])] if os.environ.get("RECURRA_DATA") else []
    for place in [*places, cache_folder()]:
        for file in wanted:
            yield from (place / file, place / f"{file}.gz", place / Path(file).name)


def _download(name: str, entry: Entry) -> Path:
    """Fetch a dataset into the cache; nothing unchecked is written."""
    for remote in entry.remotes:
        try:
            content = fetch(remote)
        except SourceError as error:
            raise _absent(name, entry, f"the download failed: {error}") from None
        write_atomically(cache_folder() / remote.path, content)
    return cache_folder() / entry.files[0]


def _to_get(corpus: Corpus, relative: str) -> DataError:
    return DataError(
        f"{corpus.title} must be here, but {relative} is neither under $RECURRA_DATA nor in "
        f"{cache_folder()}. Get it from {corpus.page} ({corpus.licence}) and put it there, or "
        "give a file of your own in its place. Or try the embedded sample: --sample"
    )


def _absent(name: str, entry: Entry, why: str) -> DataError:
    return DataError(
        f"the dataset {name!r} is not here and {why}. Three ways on: give its file "
        f"(--data {Path(entry.files[0]).name}); set RECURRA_DATA to a folder that holds "
        f"{entry.files[0]}; or get {entry.remotes[-1].url} on a machine with a network. "
        "Or try the embedded sample: --sample"
    )
