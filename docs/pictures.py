"""Draw the pictures of the chapters into docs/images: `python docs/pictures.py`.

Plain SVG, so that letters of any language are set by the reader's own fonts. The gradients in
`gradients.svg` are computed by the cells of `recurra.cells`, not sketched.
"""

from dataclasses import dataclass, field
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
INPUT, STATE, OUTPUT, LINE = "#cfe3f7", "#d5edd0", "#fbdcc0", "#444"
FEATURES = 8  # of the random sequence that gradients go back through
CELL, GAP, BOX = 64, 52, 34  # from column to column, from row to row, the side of a box
SANS = "system-ui, 'Noto Sans KR', 'Malgun Gothic', 'Apple SD Gothic Neo', NanumGothic, sans-serif"
MONO = "ui-monospace, Menlo, Consolas, NanumGothicCoding, monospace"


@dataclass
class Drawing:
    """What was drawn so far, in the order it was drawn."""

    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, size: int = 15, **style: str) -> None:
        """Write, with what follows a _ as a subscript."""
        name, _, index = words.partition("_")
        low = f'<tspan dy="4" font-size="{size - 4}">{index}</tspan>' if index else ""
        given = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
        self.parts.append(f'<text x="{x:g}" y="{y:g}" font-size="{size}"{given}>{name}{low}</text>')

    def box(self, x: float, y: float, words: str, fill: str, width: float = BOX) -> None:
        """Draw a box around a place."""
        self.parts.append(
            f'<rect x="{x - width / 2:g}" y="{y - BOX / 2:g}" width="{width:g}" height="{BOX}" '
            f'rx="6" fill="{fill}" stroke="{LINE}"/>'
        )
        self.text(x, y + 5, words)

    def circle(self, x: float, y: float, words: str) -> None:
        """Draw what is done with two numbers: × or +."""
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="11" fill="white" stroke="{LINE}"/>')
        self.text(x, y + 5, words)

    def path(self, *points: tuple[float, float], dashed: bool = False, head: bool = True) -> None:
        """Draw a line through points, with an arrow's head at its end."""
        way = " ".join(f"{'L' if i else 'M'}{x:g} {y:g}" for i, (x, y) in enumerate(points))
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        end = ' marker-end="url(#head)"' if head else ""
        self.parts.append(f'<path d="{way}" fill="none" stroke="{LINE}"{dash}{end}/>')

    def curve(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Draw the dashed way from an output to the input of the next step."""
        middle = (x + to_x) / 2
        self.parts.append(
            f'<path d="M{x:g} {y:g} C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}" '
            f'fill="none" stroke="{LINE}" stroke-dasharray="4 3" marker-end="url(#head)"/>'
        )

    def svg(self, width: float, height: float) -> str:
        """Give the file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}">\n'
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker>'
            f'</defs>\n<rect width="{width:g}" height="{height:g}" rx="8" fill="white"/>\n'
            f'<g font-family="{SANS}" text-anchor="middle" fill="#111">\n'
            + "\n".join(self.parts)
            + "\n</g>\n</svg>\n"
        )


@dataclass(frozen=True)
class Column:
    """One timestep of a shape: what is read, the state, what is said; "" where nothing is."""

    x: str
    h: str
    y: str
    fed: bool = False  # what is read is what was said one step before


SHAPES = {
    "one-to-one": [Column("x", "f", "y")],
    "many-to-one": [Column(f"x_{t}", f"h_{t}", "y" if t == "T" else "") for t in "123T"],
    "one-to-many": [Column("x" if t == 1 else "", f"h_{t}", f"y_{t}", t > 1) for t in range(1, 5)],
    "many-to-many": [Column(f"x_{t}", f"h_{t}", f"y_{t}") for t in "123T"],
    "encoder-decoder": [
        *(Column(f"x_{t}", f"e_{t}", "") for t in range(1, 4)),
        *(Column("", f"s_{t}", f"y_{t}", t > 1) for t in range(1, 4)),
    ],
}


def shape(drawing: Drawing, columns: list[Column], left: float, top: float) -> None:
    """Draw a shape: inputs below, states in the middle, outputs above."""
    said, state, read = (top + BOX / 2 + row * GAP for row in range(3))
    for number, column in enumerate(columns):
        x = left + BOX / 2 + number * CELL
        if number:
            drawing.path((x - CELL + BOX / 2, state), (x - BOX / 2, state))
        if column.h.endswith("_T"):
            drawing.text(x - CELL / 2, state - 8, "…")
        if column.fed:
            drawing.curve(x - CELL + BOX / 2, said, x - 8, state - BOX / 2)
        drawing.box(x, state, column.h, STATE)
        if column.x:
            drawing.box(x, read, column.x, INPUT)
            drawing.path((x, read - BOX / 2), (x, state + BOX / 2))
        if column.y:
            drawing.box(x, said, column.y, OUTPUT)
            drawing.path((x, state - BOX / 2), (x, said + BOX / 2))


WORDS = {
    "": {
        "one-to-one": ("one to one", "one step, no memory: the baseline of all"),
        "many-to-one": ("many to one", "is it spam? a good review? will it rise?"),
        "one-to-many": ("one to many", "names, text; a picture's caption; the next days"),
        "many-to-many": ("many to many, a step each", "the part of speech of every word; alarms"),
        "encoder-decoder": ("many to many, encoder–decoder", "a sentence in another language"),
    },
    ".ko": {
        "one-to-one": ("일대일", "한 시점, 기억 없음: 모든 모델의 기준"),
        "many-to-one": ("다대일", "스팸인가? 좋은 평인가? 내일 오를까?"),
        "one-to-many": ("일대다", "이름과 글, 그림 설명, 앞으로의 며칠"),
        "many-to-many": ("다대다: 시점마다", "낱말마다의 품사, 경보"),
        "encoder-decoder": ("다대다: 인코더–디코더", "다른 언어로 옮긴 문장"),
    },
}
RECIPES = {
    "one-to-one": "--model one-to-one",
    "many-to-one": "recurra train spam | sentiment | stock-rise | FILE",
    "one-to-many": "recurra train generation | forecasting",
    "many-to-many": "recurra train tagging",
    "encoder-decoder": "recurra train translation",
}


def map_of_shapes(ending: str) -> str:
    """Draw all shapes, each with its name, what it answers and its recipe."""
    drawing, row = Drawing(), 3 * GAP + 22
    for number, (name, columns) in enumerate(SHAPES.items()):
        top = 24 + number * row
        shape(drawing, columns, 30, top)
        title, answers = WORDS[ending][name]
        drawing.text(440, top + 44, title, 20, text_anchor="start", font_weight="bold")
        drawing.text(440, top + 72, answers, 15, text_anchor="start", fill="#444")
        drawing.text(440, top + 102, RECIPES[name], 14, text_anchor="start", font_family=MONO)
        if number:
            drawing.path((20, top - 20), (860, top - 20), dashed=True, head=False)
    return drawing.svg(880, 24 + len(SHAPES) * row - 14)


def alone(columns: list[Column]) -> str:
    """Draw one shape."""
    drawing = Drawing()
    shape(drawing, columns, 20, 20)
    return drawing.svg(40 + BOX + (len(columns) - 1) * CELL, 40 + BOX + 2 * GAP)


def unrolled() -> str:
    """Draw a network folded, with its loop, and unrolled over the timesteps."""
    drawing = Drawing()
    said, state, read = (20 + BOX / 2 + row * GAP for row in range(3))
    drawing.box(60, read, "x_t", INPUT)
    drawing.box(60, state, "h_t", STATE)
    drawing.box(60, said, "y_t", OUTPUT)
    drawing.path((60, read - BOX / 2), (60, state + BOX / 2))
    drawing.path((60, state - BOX / 2), (60, said + BOX / 2))
    loop = state + BOX / 2 + 8
    drawing.path((77, state), (104, state), (104, loop), (24, loop), (24, state), (43, state))
    drawing.text(114, state + 5, "U")
    drawing.text(70, read - BOX / 2 - 3, "W", 13)
    drawing.text(160, state + 6, "=", 24)
    shape(drawing, SHAPES["many-to-many"], 240, 20)
    drawing.text(205, state - 6, "h_0")
    drawing.path((195, state), (240, state))
    for number in range(4):
        x = 240 + BOX / 2 + number * CELL
        drawing.text(x + 10, read - BOX / 2 - 3, "W", 13)
        if 0 < number < 3:
            drawing.text(x - CELL / 2, state - 6, "U", 13)
    return drawing.svg(500, 40 + BOX + 2 * GAP)


def gates() -> str:
    """Draw what flows through one step of an LSTM and of a GRU."""
    drawing = Drawing()
    # LSTM: the cell state runs along the top, the gates stand on what is read
    drawing.text(190, 24, "LSTM", 16, font_weight="bold")
    top, low, read = 60, 160, 220
    drawing.text(22, top + 5, "c_t-1")
    drawing.path((48, top), (79, top))
    drawing.circle(90, top, "×")
    drawing.path((101, top), (169, top))
    drawing.circle(180, top, "+")
    drawing.path((191, top), (330, top))
    drawing.text(350, top + 5, "c_t")
    for x, name in ((90, "f"), (150, "i"), (210, "g"), (280, "o")):
        drawing.box(x, low, name, STATE)
        drawing.path((x, read), (x, low + BOX / 2))
    drawing.path((90, low - BOX / 2), (90, top + 11))
    drawing.circle(180, 110, "×")
    drawing.path((150, low - BOX / 2), (150, 110), (169, 110))
    drawing.path((210, low - BOX / 2), (210, 110), (191, 110))
    drawing.path((180, 99), (180, top + 11))
    drawing.circle(310, 110, "×")
    drawing.path((280, low - BOX / 2), (280, 110), (299, 110))
    drawing.path((310, top), (310, 99))
    drawing.text(330, 90, "tanh", 12)
    drawing.path((310, 121), (310, 190), (330, 190))
    drawing.text(350, 195, "h_t")
    drawing.path((90, read), (280, read), head=False)
    drawing.path((62, read), (90, read), head=False)
    drawing.text(16, read + 5, "h_t-1")
    drawing.text(48, read + 5, "x_t")
    # GRU: the state itself runs along the top
    left = 420
    drawing.text(left + 160, 24, "GRU", 16, font_weight="bold")
    drawing.text(left + 18, top + 5, "h_t-1")
    drawing.path((left + 46, top), (left + 99, top))
    drawing.circle(left + 110, top, "×")
    drawing.path((left + 121, top), (left + 229, top))
    drawing.circle(left + 240, top, "+")
    drawing.path((left + 251, top), (left + 290, top))
    drawing.text(left + 308, top + 5, "h_t")
    for x, name in ((110, "z"), (170, "r"), (240, "n")):
        drawing.box(left + x, low, name, STATE)
        drawing.path((left + x, read), (left + x, low + BOX / 2))
    drawing.path((left + 110, low - BOX / 2), (left + 110, top + 11))
    drawing.path((left + 187, low), (left + 223, low))
    drawing.circle(left + 240, 110, "×")
    drawing.path((left + 240, low - BOX / 2), (left + 240, 121))
    drawing.path((left + 240, 99), (left + 240, top + 11))
    drawing.path((left + 127, low - 8), (left + 140, low - 8), (left + 140, 110), (left + 229, 110))
    drawing.text(left + 180, 104, "1 − z", 13)
    drawing.path((left + 82, read), (left + 240, read), head=False)
    drawing.text(left + 36, read + 5, "h_t-1")
    drawing.text(left + 68, read + 5, "x_t")
    return drawing.svg(760, 245)


def gradients(steps: int = 100, units: int = 32) -> str:
    """Draw how much of a gradient is left after going back k steps, in fresh Keras layers."""
    import io

    import jax
    import jax.numpy as jnp
    import matplotlib as mpl
    import numpy as np
    from matplotlib.figure import Figure

    from recurra import cells
    from recurra.backend import keras

    def left_over(cell: cells.Cell, weights: cells.Weights) -> list[float]:
        """Multiply the derivatives of step after step, from the last one back."""

        def step(state: jax.Array, x_t: jax.Array) -> jax.Array:
            return jnp.stack(cell.step(x_t, tuple(state), weights))

        state, derivatives = jnp.zeros((cell.states, 1, units)), []
        for x_t in jnp.asarray(np.random.default_rng(0).normal(size=(steps, 1, FEATURES))):
            derivatives.append(np.asarray(jax.jacobian(step)(state, x_t), float))
            state = step(state, x_t)
        product, norms = np.eye(state.size), []
        for derivative in reversed(derivatives):
            norms.append(np.linalg.norm(product, 2))
            product = product @ derivative.reshape(state.size, state.size)
        return norms

    figure = Figure((6.4, 3.4), layout="tight")
    axes = figure.subplots()
    for color, (name, cell, gate) in enumerate(
        (
            ("SimpleRNN", cells.SimpleRNN(), None),
            ("GRU", cells.GRU(), ("z", 0)),
            ("LSTM", cells.LSTM(), ("f", 1)),
        )
    ):
        keras.utils.set_random_seed(0)
        layer = getattr(keras.layers, name)(units)
        layer.build((None, None, FEATURES))
        kernel, recurrent, bias = map(np.array, layer.get_weights())
        axes.semilogy(
            left_over(cell, cells.Weights(kernel, recurrent, bias)), f"C{color}", label=name
        )
        if gate:
            letter, place = gate
            bias.reshape(-1, kernel.shape[1])[0, place * units : (place + 1) * units] = 5
            kept = left_over(cell, cells.Weights(kernel, recurrent, bias))
            axes.semilogy(kept, f"C{color}--", label=f"{name}, {letter} → 1")
        else:
            grown = left_over(cell, cells.Weights(0.1 * kernel, 3 * recurrent, bias))
            axes.semilogy(grown, f"C{color}:", label=f"{name}, 3 U")
    axes.set_xlabel("k")
    axes.set_ylabel("‖ ∂state(T) / ∂state(T−k) ‖")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.grid(alpha=0.3)
    page = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "recurra"}):
        figure.savefig(page, format="svg", metadata={"Date": None})
    return page.getvalue()


def pictures() -> dict[str, str]:
    """Give every picture by the name of its file."""
    drawn = {f"shapes{ending}.svg": map_of_shapes(ending) for ending in WORDS}
    drawn |= {f"{name}.svg": alone(columns) for name, columns in SHAPES.items()}
    return drawn | {"unrolled.svg": unrolled(), "gates.svg": gates()}


if __name__ == "__main__":
    for name, content in (pictures() | {"gradients.svg": gradients()}).items():
        (IMAGES / name).write_text(content, "utf-8")
