"""What may be asked, said as types: they check a request, and describe it in OpenAPI.

Numbers are finite, nothing is converted, and a list is looked at up to its first mistake.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recurra.serving.refusals import RefusedError, wrong_in
from recurra.stored import Number

__all__ = [
    "Explain",
    "Infer",
    "NumberTensor",
    "Output",
    "Predict",
    "Question",
    "Stream",
    "TextTensor",
    "question_in",
]

First = Field(fail_fast=True)  # the first mistake ends the reading of a list
Step = Annotated[list[Number], First]
Steps = Annotated[list[Step], First]
Words = Annotated[list[str], First]
Texts = Annotated[list[str | dict[str, str]], First]
# a sequence of one number a step may be written flat
Sequence = Annotated[Steps | Step, Field(union_mode="left_to_right")]
Asked = TypeVar("Asked", bound="Question")


class Question(BaseModel):
    """A request's body: nothing is converted, and no field is there that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Predict(Question):
    """Rows to be answered: texts or sequences, as the model reads.

    Where a model reads several texts a row, a row is an object of them, by their columns.
    """

    texts: Annotated[Texts | None, Field(examples=[["WINNER!! Claim your prize now"]])] = None
    sequences: Annotated[list[Sequence], First] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Predict":
        if (self.texts is None) == (self.sequences is None):
            raise ValueError('give either {"texts": [...]} or {"sequences": [...]}')
        return self


class Explain(Question):
    """A text whose answer is explained."""

    text: Annotated[str | dict[str, str], Field(examples=["WINNER!! Claim your prize now"])]


class Stream(Question):
    """The next steps of a sequence that is read in pieces.

    Args:
        session: which sequence; None begins one.
        steps: words, or a list of numbers each.
        end: whether it ends here.
    """

    session: str | None = None
    steps: Annotated[
        Words | Steps, Field(union_mode="left_to_right", examples=[["Claim", "your", "prize"]])
    ] = []
    end: bool = False


class Parameters(BaseModel):
    """What is read of the protocol's parameters: how values go as bytes behind the JSON.

    Args:
        binary_data_size: how many bytes an input has there.
        binary_data: whether an output is wanted so.
        binary_data_output: whether all outputs are.
    """

    model_config = ConfigDict(strict=True)

    binary_data_size: Annotated[int, Field(ge=0)] | None = None
    binary_data: bool | None = None
    binary_data_output: bool | None = None


class _Tensor(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    name: str
    parameters: Parameters | None = None
    shape: Annotated[
        list[Annotated[int, Field(ge=1, le=1 << 30)]], Field(min_length=1, max_length=3)
    ]


class TextTensor(_Tensor):
    """A tensor of texts."""

    datatype: Literal["BYTES"]
    data: Annotated[
        Words | Annotated[list[Words], First] | None, Field(union_mode="left_to_right")
    ] = None


class NumberTensor(_Tensor):
    """A tensor of numbers, flat or nested."""

    datatype: Literal["FP32", "FP64"]
    data: Annotated[
        Step | Steps | Annotated[list[Steps], First] | None, Field(union_mode="left_to_right")
    ] = None


class Output(BaseModel):
    """An output that is wanted."""

    name: str
    parameters: Parameters | None = None


class Infer(BaseModel):
    """A request of the Open Inference Protocol."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    id: str | None = None
    inputs: Annotated[
        list[Annotated[TextTensor | NumberTensor, Field(discriminator="datatype")]],
        Field(
            min_length=1,
            max_length=1,
            examples=[
                [{"name": "texts", "datatype": "BYTES", "shape": [1], "data": ["Claim your prize"]}]
            ],
        ),
    ]
    outputs: list[Output] | None = None
    parameters: Parameters | None = None


def question_in(body: bytes, kind: type[Any]) -> Any:
    """Read a question.

    Raises:
        RefusedError: it is not JSON, or not such a question.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(400, wrong_in(error, kind.model_fields)) from None
