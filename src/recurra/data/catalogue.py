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

import pooch

from recurra.data.contents import sha256_of
from recurra.errors import DataError
from recurra.places import cache_folder

__all__ = [
    "CATALOGUE",
    "CORPORA",
    "SAMPLE_SOURCE",
    "Corpus",
    "Entry",
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
        url: of a zip archive that holds the first file, or of that file itself.
        sha256: of the first file, or another of its hashes as "md5:…".
        licence: under which it is published.
        others: what is fetched with it and stands beside it: (name, url, hash) each.
    """

    title: str
    files: tuple[str, ...]
    url: str
    sha256: str
    licence: str
    others: tuple[tuple[str, str, str], ...] = ()


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
        url="https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
        sha256="7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
        licence="CC BY 4.0",
    ),
    "sentiment": Entry(
        title="Large Movie Review Dataset (Maas et al. 2011): 50,000 English reviews from IMDB",
        files=("imdb/aclImdb_v1.tar.gz", "imdb/train.tsv", "imdb/aclImdb"),
        url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        sha256="md5:7c2ac02c03563afcf9b574c7e56c153a",
        licence="for research; cite Maas et al. 2011",
    ),
    "sentiment-ko": Entry(
        title="Naver Sentiment Movie Corpus (e9t): 200,000 Korean one-line reviews",
        files=("nsmc/ratings_train.txt",),
        url=f"{NSMC}/ratings_train.txt",
        sha256="e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940",
        licence="CC0 1.0",
        others=(
            (
                "ratings_test.txt",
                f"{NSMC}/ratings_test.txt",
                "8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda",
            ),
        ),
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
    """Fetch a dataset into the cache; nothing unchecked takes its place."""
    target = cache_folder() / entry.files[0]
    if not entry.url.endswith(".zip"):
        wanted = [*entry.others, (target.name, entry.url, entry.sha256)]
        for file, url, known in wanted:  # the first file comes last: it says that all are there
            _fetch(name, entry, url, known, target.with_name(file))
        return target
    archive = target.with_name("download.zip")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        archive.unlink(missing_ok=True)  # of an earlier try: a page to log in, or half an archive
        return _unpack(name, entry, archive, target)
    finally:
        archive.unlink(missing_ok=True)


def _unpack(name: str, entry: Entry, archive: Path, target: Path) -> Path:
    """Fetch an archive and take the one file out of it that is wanted."""
    member = target.name
    try:
        # the archive's own bytes may be packed anew; what is checked is the file in it
        pooch.retrieve(
            entry.url,
            known_hash=None,
            fname=archive.name,
            path=archive.parent,
            processor=pooch.Unzip(members=[member], extract_dir=".unpacked"),
            downloader=pooch.HTTPDownloader(timeout=30),
        )
    except Exception as error:
        raise _absent(name, entry, f"the download failed ({type(error).__name__})") from None
    unpacked = target.parent / ".unpacked" / member
    found = sha256_of(unpacked)
    if found != entry.sha256:
        unpacked.unlink()
        raise DataError(
            f"the downloaded {member} must have SHA-256 {entry.sha256[:12]}…, but it has "
            f"{found[:12]}…: it was not kept. Try again later, or give the file with --data."
        )
    unpacked.replace(target)
    return target


def _fetch(name: str, entry: Entry, url: str, known: str, target: Path) -> None:
    """Fetch one file. pooch compares its hash before it takes its place."""
    try:
        pooch.retrieve(
            url,
            known_hash=known,
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=30),
        )
    except ValueError:
        raise DataError(
            f"the downloaded {target.name} must have the hash {known[:16]}…, but it has another. "
            f"{url} has changed, or was cut short: try again, or give the file with --data."
        ) from None
    except Exception as error:
        raise _absent(name, entry, f"the download failed ({type(error).__name__})") from None


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
        f"{entry.files[0]}; or get {entry.url} on a machine with a network. "
        "Or try the embedded sample: --sample"
    )
