"""What is said of a training: its settings, where it was stopped, how it ended."""

from __future__ import annotations

from ae_core import config
from ae_core.config import RunConfig
from ae_core.runs import history
from ae_core.runs.history import Progress
from ae_core.words.sentences import say, say_count
from pages.shared import lab, networks
from pages.shared.dials import ACTIVATION_WORDS, LOSS_WORDS
from pages.shared.display import noise_words


def stopped_words(progress: Progress) -> str:
    """Where a training was stopped, and how to go on."""
    if not progress.epochs:
        return say("Stopped before it began. Press **Continue** to train it.")
    at = say(
        "Stopped at epoch {epoch} of {epochs}, not finished. Press **Continue** to go on ",
        epoch=min(progress.epoch + 1, progress.epochs),
        epochs=progress.epochs,
    )
    return at + (
        say("after epoch {epoch}.", epoch=progress.epoch) if progress.epoch else say("from the beginning.")
    )


def settings_in_words(run: RunConfig) -> str:
    """What tells a run from others, in a line: its model, and settings other than its page begins with."""
    model, training = run.model, run.training
    usual = (
        config.LINEAR
        if model.activation == "none"
        else config.FAE
        if model.kind == "fully_connected"
        else config.CAE
    )
    words = [
        say(
            "**{family}**, latent size {latent_size}",
            family=config.family(run),
            latent_size=model.latent_size,
        )
    ]
    if run.corruption.level:
        words.append(say("noise {noise}", noise=noise_words(run.corruption)))
    words.append(say("{count:,} digits{classes}", count=run.data.count, classes=networks.classes_words(run)))
    words.append(say_count("{count} epoch", "{count} epochs", training.epochs))
    if model.hidden_sizes != usual.model.hidden_sizes:
        words.append("layers 784 → " + "".join(f"{size} → " for size in model.hidden_sizes) + "code")
    if model.activation != usual.model.activation:
        words.append(ACTIVATION_WORDS[model.activation])
    if training.learning_rate != usual.training.learning_rate:
        words.append(say("learning rate {learning_rate:g}", learning_rate=training.learning_rate))
    if training.batch_size != usual.training.batch_size:
        words.append(say("batches of {batch_size}", batch_size=training.batch_size))
    if training.loss != usual.training.loss:
        words.append(LOSS_WORDS[training.loss].lower())
    if training.seed != usual.training.seed:
        words.append(say("seed {seed}", seed=training.seed))
    return ", ".join(words)


def ending_words(run: RunConfig) -> tuple[str, str]:
    """How a training ended, and the name of an icon; two empty texts if it was merely stopped."""
    progress = history.read_progress(config.run_id(run), lab.store())
    if progress.status == "finished":
        return (
            say(
                "Trained: {settings}. Set the dials to it, or find it on the page Runs.",
                settings=settings_in_words(run),
            ),
            ":material/check:",
        )
    if progress.status == "failed":
        return f"{settings_in_words(run)}: {progress.message}", ":material/error:"
    return "", ""
