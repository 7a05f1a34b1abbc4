"""The training loop: the only file that knows replicas, tracing, moving averages, checkpoints and summaries.

A run is a function of (flags, data): batch and randomness of step s come from (seed, s), so a run that is stopped and
started again continues bit for bit on one CPU device. Gradients are summed over replicas, losses divided by their
number, once, here."""

import contextlib
import functools
import json
import math
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import tensorflow as tf
import tqdm

from tf_homo import __version__, layers, report
from tf_homo.alignment import trained_in
from tf_homo.data.examples import Examples, batches
from tf_homo.errors import InputError
from tf_homo.files import write_json, write_text
from tf_homo.method import Method, Phase, Stage, load


def strategy(name: str) -> tf.distribute.Strategy:
    """auto: mirrored over the GPUs if there are several, else one device; mirrored: over all GPUs, or all logical
    CPUs.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if name == "one_device" or (name == "auto" and len(gpus) < 2):
        return tf.distribute.OneDeviceStrategy("/gpu:0" if gpus else "/cpu:0")
    devices = gpus or tf.config.list_logical_devices("CPU")
    return _mirrored(tuple(device.name for device in devices))


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One object a process: each numbers its collective operators from 100, so that two get into each other's."""
    return tf.distribute.MirroredStrategy(devices)


class Trainer:
    """Trains a Method, stage by stage, in a run folder.

    Args:
      kind, config: the system's class and its options.
      examples: the training data.
      groups: which of their attributes move as one; by default the method's.
      run_dir: the run folder; with checkpoints of the same configuration in it, training goes on from the last.
      batch_size: examples a step over all replicas; even for each replica.
      seed: of weights, batches and every draw.
      average_decay: of the moving average of weights that is exported.
      jit: compile losses and their gradients with XLA (one replica only).
      mixed_precision: networks but the critic compute in bfloat16.

    Raises:
      InputError: the run folder is of another configuration, or sizes do not fit.
      FloatingPointError: a loss is not finite; names step and term. The last good checkpoint stays.
    """

    def __init__(
        self, kind: type[Method], config, examples: Examples, run_dir: str | Path, *, strategy: tf.distribute.Strategy,
        batch_size: int = 16, seed: int = 0, average_decay: float = 0.999, log_every: int = 100, checkpoint_every: int =
          1000,
        sample_every: int = 1000, jit: bool = False, mixed_precision: bool = False, optimizer=None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ):  # fmt: skip
        self.examples, self.run_dir, self.strategy = examples, Path(run_dir), strategy
        self.batch_size, self.seed, self.average_decay, self.jit = batch_size, seed, average_decay, jit
        self.log_every, self.checkpoint_every, self.sample_every = log_every, checkpoint_every, sample_every
        replicas = strategy.num_replicas_in_sync
        _check_batch("--batch_size", batch_size, replicas)
        if len(examples) < batch_size:
            raise InputError(f"--batch_size={batch_size}: there are only {len(examples)} training examples")
        if kind.paired and examples.inputs is None:
            raise InputError("--dataset: has no pairs, from which this system learns; use drawn_masks or paired_folder")
        tf.keras.utils.set_random_seed(seed)
        self.mixed_precision = mixed_precision
        with strategy.scope(), layers.precision("mixed_bfloat16" if mixed_precision else "float32"):
            self.method = kind(config, examples.attributes, groups=groups)
            self.method.build_all()
            self.stages = self.method.stages()
            self.optimizers = {}
            for stage in self.stages:
                for phase in stage.phases:
                    recipe = optimizer or phase.optimizer
                    built = recipe.build(max(stage.steps // phase.every, 1))
                    built.build(self._variables(phase))
                    self.optimizers[f"{stage.name}/{phase.name}"] = built
            self.live = exported_variables(self.method)
            self.averages = [
                tf.Variable(v.value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
                for v in self.live
            ]
            self.step = tf.Variable(
                0, dtype=tf.int64, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
            )
        self.checkpoint = tf.train.Checkpoint(
            method=self.method, optimizers=self.optimizers, averages=self.averages, step=self.step,
            weights=self.method.variables,  # what TensorFlow cannot see by itself: layers in lists
        )  # fmt: skip
        self.manager = tf.train.CheckpointManager(self.checkpoint, str(self.run_dir / "checkpoints"), max_to_keep=2)
        self._steps = {}
        if (self.run_dir / "model.json").exists():
            _check_same(read_info(self.run_dir), self._info())

    @property
    def total_steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def fit(self, stop_at: int | None = None) -> None:
        """Trains up to the end of the last stage (or to step `stop_at`), resuming from the run folder's last
        checkpoint.
        """
        self._open()
        done = int(self.step.numpy())
        end = min(self.total_steps, stop_at or self.total_steps)
        begin = 0
        with self._summaries() as writer, stopping() as asked, tqdm.tqdm(
            total=end, initial=done, unit="step", mininterval=1.0, disable=None if stop_at else False, file=sys.stderr
        ) as bar:  # fmt: skip
            for stage in self.stages:
                first, last = max(done, begin), min(begin + stage.steps, end)
                if first < last:
                    bar.set_description(stage.name)
                    self._train(stage, begin, first, last, bar, writer, asked)
                begin += stage.steps
                if asked:
                    break
        if asked and int(self.step.numpy()) < end:
            print(
                f"stopped at step {int(self.step.numpy())} of {end}; the same command goes on from there",
                file=sys.stderr,
            )
            raise SystemExit(130)

    def _train(self, stage: Stage, begin: int, first: int, last: int, bar, writer, asked: list) -> None:
        size = self.batch_size * stage.batches
        arrays, sides = self.examples.arrays(), self.method.sides(self.examples.labels)
        data = batches(arrays, size, self.seed, (first, last), stage.prepare or self.method.prepare, sides)
        if self.strategy.num_replicas_in_sync > 1:  # only there: a distributed iterator may take half a minute to end
            data = self.strategy.experimental_distribute_dataset(data)
        pending: list[tuple[int, dict]] = []
        for step, batch in zip(range(first, last), data, strict=True):
            due = [p for p in stage.phases if (step - begin + 1) % p.every == 0]
            pending.append((step + 1, self._step(stage, due)(batch)))
            bar.update()
            stop = bool(asked)  # once: what is asked for from here on is answered after the next step
            at_end = step + 1 == last or stop
            if (step + 1) % self.log_every == 0 or at_end:
                self._log(stage, pending, bar, writer)
                pending = []
            if (step + 1) % self.checkpoint_every == 0 or at_end:
                if pending:
                    self._log(stage, pending, bar, writer)
                    pending = []
                self.manager.save(checkpoint_number=step + 1)
            if self.sample_every and ((step + 1) % self.sample_every == 0 or at_end):
                self._sample(step + 1)
            if stop:
                return

    def _step(self, stage: Stage, due: list[Phase]):
        """One compiled function for each set of phases: an optimizer inside tf.cond fails under replicas."""
        key = (stage.name, *(p.name for p in due))
        if key not in self._steps:
            replicas = self.strategy.num_replicas_in_sync
            begin = sum(earlier.steps for earlier in self.stages[: self.stages.index(stage)])

            def slopes(phase, batch):
                variables = [v.value for v in self._variables(phase)]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(variables)
                    loss, terms = phase.loss(batch)
                    share = loss / replicas
                return tape.gradient(share, variables), terms | {"loss": loss}

            if self.jit and replicas == 1:  # not all of the step: XLA multiplies large matrices, Muon's, slowly
                slopes = tf.function(slopes, jit_compile=True)

            def on_replica(batch):
                logs = {}
                for phase in due:
                    gradients, terms = slopes(phase, batch)
                    self.optimizers[f"{stage.name}/{phase.name}"].apply(gradients, self._variables(phase))
                    logs |= {f"{phase.name}/{name}": value for name, value in terms.items()}
                return logs

            @tf.function
            def step(batch):
                logs = self.strategy.run(on_replica, args=(batch,))
                logs = {name: self.strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()}
                count = tf.cast(self.step.assign_add(1) - begin, tf.float32)  # what learns now was idle before
                decay = tf.minimum(self.average_decay, count / (count + 9.0))
                for average, variable in zip(self.averages, self.live, strict=True):
                    average.assign(decay * average + (1.0 - decay) * variable.value)
                return logs

            self._steps[key] = step
        return self._steps[key]

    def _variables(self, phase: Phase) -> list:
        return [v for net in phase.nets for v in getattr(self.method, net).trainable_variables]

    # --- the run folder ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        (self.run_dir / "samples").mkdir(parents=True, exist_ok=True)
        latest = self.manager.latest_checkpoint
        if latest:
            with _fitting(latest, "has not the networks and stages that were asked for", "use another --run_dir"):
                self.checkpoint.restore(latest).assert_consumed()
        write_json(self.run_dir / "model.json", self._info())
        metrics, done = self.run_dir / "metrics.jsonl", int(self.step.numpy())
        if metrics.exists():  # what an interrupted run logged after its last checkpoint is logged again
            whole = [line for line in metrics.read_text().splitlines(keepends=True) if line.endswith("}\n")]
            write_text(metrics, "".join(line for line in whole if json.loads(line)["step"] <= done))

    def _info(self) -> dict:
        packages = ("tensorflow", "keras", "numpy")
        versions = {"tf_homo": __version__} | {name: metadata.version(name) for name in packages}
        training = {
            "batch_size": self.batch_size,
            "seed": self.seed,
            "average_decay": self.average_decay,
            "mixed_precision": self.mixed_precision,
            "steps": self.total_steps,
        }
        data = self.examples.about
        eyes = trained_in({"data": data})
        return self.method.info() | {"training": training, "data": data, "eyes": eyes, "versions": versions}

    @contextlib.contextmanager
    def _summaries(self):
        writer = tf.summary.create_file_writer(str(self.run_dir))
        with contextlib.closing(writer):
            yield writer

    def _log(self, stage: Stage, pending: list[tuple[int, dict]], bar, writer) -> None:
        totals: dict[str, list[float]] = {}
        for step, logs in pending:
            for name, value in logs.items():
                number = float(value)
                if not math.isfinite(number):
                    raise FloatingPointError(
                        f"{name} is {number} at step {step} of stage {stage.name}; the last good checkpoint is "
                        f"{self.manager.latest_checkpoint or '(none yet)'}: lower the rate or that term's weight"
                    )
                totals.setdefault(name, []).append(number)
        means = {name: sum(values) / len(values) for name, values in totals.items()}
        step = pending[-1][0]
        with open(self.run_dir / "metrics.jsonl", "a") as file:
            file.write(json.dumps({"step": step, "stage": stage.name, **means}) + "\n")
        with writer.as_default(step=step):
            for name, value in means.items():
                tf.summary.scalar(name, value)
        writer.flush()
        bar.set_postfix({name.rpartition("/")[2]: f"{value:.3g}" for name, value in list(means.items())[:3]})

    def _sample(self, step: int) -> None:
        rows = min(6, len(self.examples) // 2 * 2)
        pictures, columns = self.method.sample(
            {name: tf.constant(a[:rows]) for name, a in self.examples.arrays().items()}
        )
        report.save_image(
            self.run_dir / "samples" / f"{step:07d}.png", report.grid(pictures.numpy(), column_labels=columns)
        )


def exported_variables(method: Method) -> list:
    """Weights and running statistics of the sub-networks that are exported, in a fixed order."""
    return [v for net in method.averaged for v in getattr(method, net).variables if v.dtype.startswith("float")]


def restore(run_dir: str | Path) -> Method:
    """The system of a run folder, with its averaged weights.

    Raises:
      InputError: the folder is no run, has no checkpoint yet, or its checkpoint is of another configuration.
    """
    run_dir = Path(run_dir)
    info = read_info(run_dir)
    latest = tf.train.latest_checkpoint(str(run_dir / "checkpoints"))
    if latest is None:
        raise InputError(f"{run_dir}: has no checkpoint yet; train it with python -m tf_homo.train --run_dir={run_dir}")
    kind = load(info["method"])
    # weights come from the checkpoint, so no pretrained file is asked for again
    given = {name: "random" if name.endswith("_weights") else value for name, value in info["config"].items()}
    unknown = set(given) - set(kind.Config.__dataclass_fields__)
    if unknown:
        raise InputError(
            f"{run_dir}: {info['method']} has no option {', '.join(sorted(unknown))}; "
            f"it is a run of another version of tf_homo"
        )
    method = kind(kind.Config(**given), info["attributes"], groups=info.get("groups"))
    method.build_all()
    live = exported_variables(method)
    averages = [tf.Variable(tf.zeros_like(v.value)) for v in live]
    step = tf.Variable(0, dtype=tf.int64)
    exported = tf.train.Checkpoint(averages=averages, step=step)
    with _fitting(latest, "does not fit model.json, so it is of another configuration", "take both from one run"):
        exported.restore(latest).expect_partial().assert_existing_objects_matched()
    for variable, average in zip(live, averages, strict=True):
        variable.assign(average)
    method.restored = {**info, "step": int(step.numpy())}
    return method


@contextlib.contextmanager
def _fitting(checkpoint: str, fault: str, mend: str) -> Iterator[None]:
    """InputError where a checkpoint that is restored within has other objects or shapes."""
    try:
        yield
    except (AssertionError, ValueError) as error:
        raise InputError(f"{checkpoint}: {fault} ({str(error).strip().splitlines()[0]}); {mend}") from error


def read_info(run_dir: Path) -> dict:
    """The content of a run folder's model.json."""
    path = run_dir / "model.json"
    try:
        info = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{run_dir}: is no run folder (no model.json in it); give the --run_dir of a training"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: is not JSON ({error}); restore it from the run's own copy") from None
    missing = [
        key
        for key in ("method", "attributes", "config", "training", "data")
        if not isinstance(info, dict) or key not in info
    ]
    if missing:
        raise InputError(f"{path}: has no {', '.join(missing)}; restore it from the run's own copy")
    return info


def _check_batch(name: str, size: int, replicas: int) -> None:
    if size % (2 * replicas):
        raise InputError(
            f"{name}={size}: pairs need an even batch on each of {replicas} replicas; use a multiple of {2 * replicas}"
        )


def _check_same(old: dict, new: dict) -> None:
    kind = load(old["method"]) if old["method"] == new["method"] else None
    if kind is None:
        raise InputError(f"--run_dir: holds a run of method {old['method']}, not {new['method']}; use another folder")
    may_change = {f.name for f in kind.Config.__dataclass_fields__.values() if f.metadata.get("may_change")}
    # of the data, its `content` tells what it trains on
    may_change |= {"steps", "data_path", "examples", "left_out", "eyes"}
    younger = vars(kind.Config()) | {"mixed_precision": False}  # than the run: what it had without saying so
    differ = []
    for part in ("config", "training", "data"):
        for name in {**old[part], **new[part]}:
            before, now = (values.get(name, younger.get(name)) for values in (old[part], new[part]))
            if name not in may_change and before != now:
                differ.append(f"{name}={before}, now {name}={now}")
    for name in ("attributes", "groups", "branches"):
        if old.get(name) != new.get(name):
            differ.append(f"{name} {old.get(name)}, now {new.get(name)}")
    if differ:
        raise InputError(f"--run_dir: holds a run with {'; '.join(differ)}; use another folder or what it has")


@contextlib.contextmanager
def stopping() -> Iterator[list]:
    """A list that is no longer empty once SIGINT or SIGTERM asked for a stop: the step under way ends, a checkpoint is
    written.
    """
    asked: list = []
    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may set handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda received, frame: asked.append(received))
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
