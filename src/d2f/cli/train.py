"""`d2f train`: make the networks from photos."""

from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .extras import needs_extra

__all__ = ["app"]

MOST_MINUTES = 1e6  # two years; infinity would never end
MOST_THREADS = 1024  # torch takes any number, the system does not
MOST_FOCUSING = 64  # five times the rest of a batch

Seed = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, help="Seed of everything that is left to chance.")
]
Threads = Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="CPU threads of each process.")]

app = typer.Typer(help="Make the networks from photos (needs d2f[train]).", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Make the networks from photos (needs d2f[train])."""


@app.command()
def compact(
    photos: Annotated[
        Path,
        typer.Option(
            help="Folder with depth/, depth2/, masks/, each with index.csv; pairs/ with pairs.csv."
        ),
    ],
    minutes: Annotated[
        float,
        typer.Option(min=0.01, max=MOST_MINUTES, help="Wall-clock time to train for."),
    ] = 60.0,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and result.")] = Path(
        "runs/compact"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    threads: Threads = 2,
    scenes: Annotated[
        Path | None, typer.Option(help="Folder of ray-traced scenes, from `d2f train scenes`.")
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            help="NAME.onnx that teaches depth to the photos that have only masks, before the "
            "clock starts (minutes); of several, each given with --teacher, the mean."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="NAME.onnx to begin from; it teaches, too, where no --teacher is given."),
    ] = None,
    bfloat16: Annotated[
        bool, typer.Option("--bfloat16", help="Faster on CPUs with AVX-512 BF16; else far slower.")
    ] = False,
    focusing: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_FOCUSING,
            help="Pictures of a batch that teach through the renderer, of pairs/ and scenes.",
        ),
    ] = 0,
    scenes_only: Annotated[
        bool,
        typer.Option("--scenes-only", help="Learn from --scenes alone; the photos only judge."),
    ] = False,
) -> None:
    """Train the compact network and export it as ONNX."""
    # Named by strings: doors do not import each other, and help stays instant.
    with needs_extra("train"):
        command = import_module("d2f.train.compact").train_compact
        written = command(
            photos,
            minutes=minutes,
            seed=seed,
            out=out,
            resume=resume,
            threads=threads,
            scenes=scenes,
            teachers=teacher or (),
            start=start,
            bfloat16=bfloat16,
            focusing=focusing,
            scenes_only=scenes_only,
        )
    typer.echo(str(written))


@app.command()
def install(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK", help="NAME.onnx of a training, or a checkpoint NAME.pt of it."
        ),
    ],
    into: Annotated[
        Path | None, typer.Option(help="Folder of weights. Default: the package's own.")
    ] = None,
) -> None:
    """Make a trained network the one that d2f uses."""
    with needs_extra("train"):
        command = import_module("d2f.train.install").install_weights
        written = command(network) if into is None else command(network, folder=into)
    typer.echo(str(written))


@app.command()
def scenes(
    assets: Annotated[Path, typer.Option(help="Folder with models/ and textures/.")],
    hdr: Annotated[Path, typer.Option(help="Folder with panoramas, pano_*.exr.")],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="DIR", help="Folder of scenes; broken off, it goes on."
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many scenes there are in the end.")] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="With its number, all that makes a scene.")
    ] = 0,
) -> None:
    """Ray-trace photos with exact depth to train on (needs d2f[scenes])."""
    with needs_extra("scenes"):
        command = import_module("d2f.train.raytraced.making").make_scenes
        command(assets, hdr, out, count=count, seed=seed, told=typer.echo)


Pairs = Annotated[
    Path,
    typer.Option(
        metavar="DIR|CSV",
        help="EBB! (original/, bokeh/), RealBokeh, or a table with columns photo and target.",
    ),
]
Run = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="RUN", help="Folder of the run; broken off, it goes on."),
]
Split = Annotated[
    str | None, typer.Option(help="Part of the pairs. Default: what is kept for training.")
]
Crop = Annotated[int, typer.Option("--crop", min=128, help="Side of a crop, a multiple of 128 px.")]
LongSide = Annotated[
    int, typer.Option("--long-side", min=128, help="Larger pictures are reduced to this first, px.")
]
Batch = Annotated[int, typer.Option(min=1, help="Crops of a step, shared by all processes.")]
Epochs = Annotated[float, typer.Option(min=0.01, max=1e6, help="Times that every pair is seen.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Length in steps, instead of --epochs.")]
Minutes = Annotated[
    float | None,
    typer.Option(min=0.01, max=MOST_MINUTES, help="Length by the clock, instead of --epochs."),
]
Rate = Annotated[
    float | None, typer.Option(min=1e-8, help="Default: 1e-4 for stage 1, 1e-3 for stage 2.")
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="Of the large network. auto: bfloat16 where a GPU has it."),
]
Workers = Annotated[int, typer.Option(min=0, help="Processes that read pictures ahead.")]
FIELD_OF = {"crop": "crop_px", "long_side": "long_side_px"}  # options whose unit stands in the help
Every = Annotated[int, typer.Option(min=1, help="Steps from one checkpoint to the next.")]


@app.command()
def hallucination(
    context: typer.Context,
    pairs: Pairs,
    out: Run,
    renderer: Annotated[
        Literal["d2f2023", "d2f"],
        typer.Option(help="What teaches: the published renderer, or our signed one."),
    ] = "d2f2023",
    trunk: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="torchvision's resnext50_32x4d weights to start from."),
    ] = None,
    narrow: Annotated[
        bool, typer.Option("--narrow", help="A small network, for trials and CPUs.")
    ] = False,
    split: Split = None,
    crop: Crop = 512,
    long_side: LongSide = 1536,
    batch: Batch = 8,
    epochs: Epochs = 30.0,
    steps: Steps = None,
    minutes: Minutes = None,
    learning_rate: Rate = None,
    precision: Precision = "auto",
    seed: Seed = 0,
    threads: Threads = 2,
    workers: Workers = 0,
    save_every: Every = 200,
) -> None:
    """Stage 1 of the published method: learn to focus from pairs alone, without any depth."""
    with needs_extra("train"):
        published = _published()
        written = published.train_hallucination(
            pairs,
            out,
            _plan(published, context),
            renderer=renderer,
            trunk=trunk,
            narrow=narrow,
        )
    typer.echo(str(written))


@app.command()
def fusion(
    context: typer.Context,
    pairs: Pairs,
    out: Run,
    hallucination: Annotated[
        Path, typer.Option(metavar="RUN", help="Folder of a finished d2f train hallucination.")
    ],
    split: Split = None,
    crop: Crop = 512,
    long_side: LongSide = 1536,
    batch: Batch = 8,
    epochs: Epochs = 10.0,
    steps: Steps = None,
    minutes: Minutes = None,
    learning_rate: Rate = None,
    precision: Precision = "auto",
    seed: Seed = 0,
    threads: Threads = 2,
    workers: Workers = 0,
    save_every: Every = 200,
) -> None:
    """Stage 2 of the published method: deep Poisson fusion of the photo with its bokeh."""
    with needs_extra("train"):
        published = _published()
        written = published.train_fusion(
            pairs,
            out,
            _plan(published, context),
            hallucination=hallucination,
        )
    typer.echo(str(written))


def _published() -> Any:
    """The trainings of the published method, their threads told to wait in sleep."""
    import_module("d2f.train.threads").wait_passively()
    return import_module("d2f.train.published")


def _plan(published: Any, context: typer.Context) -> Any:
    """What both stages are told alike: the options, as fields of a plan."""
    chosen = {FIELD_OF.get(option, option): value for option, value in context.params.items()}
    known = [field.name for field in fields(published.PairPlan) if field.name in chosen]
    return published.PairPlan(**{name: chosen[name] for name in known})
