"""Datasets by name: where they are looked for, where they come from, under which licence."""

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pooch

from recurra.data.readers import sha256_of
from recurra.errors import DataError
from recurra.places import cache_folder

__all__ = ["CATALOGUE", "SAMPLE_SOURCE", "Entry", "locate", "sample_path"]

SAMPLE_SOURCE = "embedded sample"
SAMPLES = {"sentiment": "reviews-en.tsv", "sentiment-ko": "reviews-ko.tsv"}
NSMC = "https://raw.githubusercontent.com/e9t/nsmc/master"


@dataclass(frozen=True)
class Entry:
    """A dataset by name.

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


def sample_path(name: str = "spam") -> Path:
    """Give an embedded sample: texts written for this package, none from any collection."""
    return Path(str(files("recurra.data") / "samples" / SAMPLES.get(name, "messages.tsv")))


def locate(name: str, *, prefer: str | None = None, download: bool = True) -> Path:
    """Find a dataset: under $RECURRA_DATA, then in the cache, else download it.

    Args:
        name: a name of `CATALOGUE`.
        prefer: the ending of the file wanted where several are known.
        download: whether it may be fetched.

    Raises:
        DataError: it is nowhere, and cannot be fetched.
    """
    entry = CATALOGUE[name]
    wanted = sorted(entry.files, key=lambda file: not file.endswith(prefer or entry.files[0]))
    places = [Path(os.environ["RECURRA_DATA"])] if os.environ.get("RECURRA_DATA") else []
    for place in [*places, cache_folder()]:
        for file in wanted:
            for path in (place / file, place / f"{file}.gz", place / Path(file).name):
                if path.is_file() or (path / "train").is_dir():
                    return path
    if download:
        return _download(name, entry)
    raise _absent(name, entry, "it was not to be downloaded")


def _download(name: str, entry: Entry) -> Path:
    """Fetch a dataset into the cache; nothing unchecked takes its place."""
    target = cache_folder() / entry.files[0]
    if not entry.url.endswith(".zip"):
        wanted = [*entry.others, (target.name, entry.url, entry.sha256)]
        for file, url, known in wanted:  # the first file comes last: it says that all are there
            _fetch(name, entry, url, known, target.with_name(file))
        return target
    member = target.name
    unzip = pooch.Unzip(members=[member], extract_dir=".unpacked")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # the archive's own bytes may be packed anew; what is checked is the file in it
        pooch.retrieve(
            entry.url,
            known_hash=None,
            fname="download.zip",
            path=target.parent,
            processor=unzip,
            downloader=pooch.HTTPDownloader(timeout=30),
        )
    except Exception as error:
        raise _absent(name, entry, f"the download failed ({type(error).__name__})") from None
    unpacked = target.parent / ".unpacked" / member
    if sha256_of(unpacked) != entry.sha256:
        raise DataError(
            f"the downloaded {member} must have SHA-256 {entry.sha256[:12]}…, but it has "
            f"{sha256_of(unpacked)[:12]}…. It is left at {unpacked}."
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


def _absent(name: str, entry: Entry, why: str) -> DataError:
    return DataError(
        f"the dataset {name!r} is not here and {why}. Three ways on: give its file "
        f"(--data {Path(entry.files[0]).name}); set RECURRA_DATA to a folder that holds "
        f"{entry.files[0]}; or get {entry.url} on a machine with a network. "
        "Or try the embedded sample: --sample"
    )
