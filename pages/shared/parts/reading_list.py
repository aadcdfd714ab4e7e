"""The Keras.io example beside the lab's own networks, every number taken from the networks themselves."""

from __future__ import annotations

import streamlit as st
import torch

from ae_core import config
from ae_core.config import PIXELS
from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.models import build_model, codes_of, parameter_count
from ae_core.words.sentences import say
from pages.shared import lab, question
from pages.shared.question import Answer

KERAS = say("""
[Convolutional autoencoder for image denoising](https://keras.io/examples/vision/autoencoder/) (Santiago
L. Valdarrama, 2021) trains a convolutional autoencoder on MNIST, first on clean digits, then on noisy
ones. This is the lesson of the CAE and the DAE, done differently.
""")
BEGINNING = say("""
A network that learns to give back its input through a few numbers is an idea of the 1980s (Rumelhart, Hinton
and Williams 1986). Convolutional networks learnt to read handwritten digits, and MNIST came with them (LeCun
and others 1998). Vincent and others (2008) spoiled the input and asked for the clean one: the denoising
autoencoder. Masci and others (2011) made one of convolutions: the convolutional autoencoder.
""")
# From the oldest to the newest.
PAPERS = say("""
- David Rumelhart, Geoffrey Hinton and Ronald Williams (1986). Learning internal representations by error
  propagation. In *Parallel Distributed Processing*, volume 1, 318–362, MIT Press. The lesson **Home**.
- Hervé Bourlard and Yves Kamp (1988). [Auto-association by multilayer perceptrons and singular value
  decomposition](https://doi.org/10.1007/BF00332918). *Biological Cybernetics* 59, 291–294. And Pierre Baldi
  and Kurt Hornik (1989). [Neural networks and principal component analysis: learning from examples without
  local minima](https://doi.org/10.1016/0893-6080%2889%2990014-2). *Neural Networks* 2, 53–58. Why a linear
  autoencoder can at best be PCA: the lesson **FAE**, under its switch **Linear network**.
- Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner (1998). [Gradient-based learning applied to
  document recognition](https://doi.org/10.1109/5.726791). *Proceedings of the IEEE* 86 (11), 2278–2324.
  Convolution, and the digits: the lesson **CAE**.
- Geoffrey Hinton and Ruslan Salakhutdinov (2006). [Reducing the dimensionality of data with neural
  networks](https://doi.org/10.1126/science.1127647). *Science* 313, 504–507. Deep autoencoders, compared
  with PCA: the lesson **FAE**.
- Pascal Vincent, Hugo Larochelle, Yoshua Bengio and Pierre-Antoine Manzagol (2008). [Extracting and
  composing robust features with denoising autoencoders](https://doi.org/10.1145/1390156.1390294). *ICML
  2008*, 1096–1103. Spoil the input, ask for the clean one: the lessons **DAE** and **What is the
  difference?**
- Pascal Vincent (2011). [A connection between score matching and denoising
  autoencoders](https://doi.org/10.1162/NECO_a_00142). *Neural Computation* 23 (7), 1661–1674. What a
  denoiser draws is a step towards likelier pictures: the lesson **What do you think of this?**
- Jonathan Masci, Ueli Meier, Dan Cireşan and Jürgen Schmidhuber (2011). [Stacked convolutional auto-encoders
  for hierarchical feature extraction](https://doi.org/10.1007/978-3-642-21735-7_7). *ICANN 2011*, 52–59. The
  lesson **CAE**.
- Wenzhe Shi and others (2016). [Real-time single image and video super-resolution using an efficient
  sub-pixel convolutional neural network](https://doi.org/10.1109/CVPR.2016.207). *CVPR 2016*,
  1874–1883. How the CAE's decoder makes 28 pixels of 14.
""")
# Each in two sentences, with its paper.
AFTER = say("""
- **Sparse autoencoders** keep the code short in another way: it may have many numbers, but only a few of them
  may differ from 0 for any one picture. Today they are used to take large language models apart. Alireza
  Makhzani and Brendan Frey (2014). [k-Sparse autoencoders](https://arxiv.org/abs/1312.5663). *ICLR 2014*.
- **Variational autoencoders** give each picture a small cloud of codes instead of a point, and keep all
  clouds together near the origin. So whoever draws a code at random gets a picture that could be real,
  which the networks of this lab do not promise. Diederik Kingma and Max Welling (2014). [Auto-encoding
  variational Bayes](https://arxiv.org/abs/1312.6114). *ICLR 2014*.
- **Masked autoencoders** are given a picture with most of it wiped out and draw the rest. This is the DAE's
  idea with another kind of noise, and it teaches large networks to see. Kaiming He and others (2022). [Masked
  autoencoders are scalable vision learners](https://arxiv.org/abs/2111.06377). *CVPR 2022*.
- **Denoising diffusion models** take away a little noise at a time, many times over, until nothing but noise
  has become a picture. Each step is a denoiser's, as the DAE is one. Jonathan Ho, Ajay Jain and Pieter Abbeel
  (2020). [Denoising diffusion probabilistic models](https://arxiv.org/abs/2006.11239). *NeurIPS 2020*.
""")
# Each is measured on the page that it names, of the lab's own networks.
IN_FIVE_LINES = say("""
1. An autoencoder is an encoder and a decoder that are trained together to give back what came in. Its target
   is its input, so nobody labels anything (**Home**).
2. What makes it learn is the bottleneck: it has to describe a digit in a few numbers. With two of them digits
   melt into each other, with thirty hardly one is read as another (**FAE**).
3. Filters that slide need a third of the weights, and draw better as soon as the code has some room
   (**CAE**).
4. Noise that they never saw ruins the pictures of both. A denoising autoencoder is the CAE's network again,
   fed noisy digits and compared with clean ones. Of several, the one that was trained with a noise is the
   best at it, and on clean digits it pays for that (**DAE**, **What is the difference?**).
5. What is learnt are strokes more than digits: of six letters K, A, E, S and X come back, the M as a blot. A
   digit on bright paper or plain noise does not come back (**What do you think of this?**).
""")
FEWER, HALF, MORE = OPTIONS = (
    say("Fewer than 100."),
    say("100 to {pixels}.", pixels=PIXELS),
    say("More than {pixels}.", pixels=PIXELS),
)
DIGITS_SHOWN = 8


def show_digits() -> None:
    """Show some held-back digits."""
    with st.container(key="reading_first"):
        st.html(
            figures.rows_html(
                [
                    Row(
                        say("held-back digits, {pixels} pixels each", pixels=PIXELS),
                        lab.digits().test_nhw[:DIGITS_SHOWN],
                    )
                ]
            )
        )


def ask_code_size() -> None:
    """Ask how many numbers the Keras.io example keeps of a digit, and count them afterwards."""

    def answer() -> Answer:
        numbers = code_size(config.KERAS_EXAMPLE)
        right = FEWER if numbers < 100 else HALF if numbers <= PIXELS else MORE
        return Answer(
            right,
            say(
                "Its code has {numbers:,} numbers for {pixels} pixels, {share:.0%}. {compression}",
                numbers=numbers,
                pixels=PIXELS,
                share=numbers / PIXELS,
                compression=_compression_words(numbers),
            ),
        )

    words = say(
        "Into how many numbers does the Keras.io example's encoder turn a digit of {pixels} pixels?",
        pixels=PIXELS,
    )
    question.ask_question("reading", words, OPTIONS, answer, _show_beside_ours, of={}, networks=[])


def code_size(run: config.RunConfig) -> int:
    """Number of values in the code of an untrained network of these settings, counted on the network."""
    return codes_of(build_model(run.model), torch.zeros(1, 28, 28)).shape[1]


def _compression_words(numbers: int) -> str:
    return say("It compresses.") if numbers < PIXELS else say("It does not compress.")


def _show_beside_ours() -> None:
    keras, ours = config.KERAS_EXAMPLE, config.DAE
    codes = [code_size(run) for run in (keras, ours)]
    st.table(
        [
            _row(
                say("Numbers in the code"),
                *(
                    say(
                        "{count:,} ({share:.0%} of {pixels}). {compression}",
                        count=count,
                        share=count / PIXELS,
                        pixels=PIXELS,
                        compression=_compression_words(count),
                    )
                    for count in codes
                ),
            ),
            _row(
                say("Numbers to train"),
                *(f"{parameter_count(build_model(run.model)):,}" for run in (keras, ours)),
            ),
            _row(
                say("Where the denoiser starts"),
                say("at the trained clean autoencoder"),
                say("at the CAE's own starting weights"),
            ),
            _row(
                say("How clean and noisy differ"),
                say("in the noise and in how long they are trained"),
                say("in the noise alone"),
            ),
            _row(say("Noise"), say("one noisy copy of each digit"), say("fresh for every batch")),
        ]
    )
    st.markdown(
        say(
            "**Then what keeps it from copying?** *Our explanation:* on clean digits, "
            "nothing. Its denoiser cannot copy, since what it is compared with is not what "
            "it was given: noise does what the bottleneck does elsewhere."
        )
    )


def _row(what: str, keras: str, ours: str) -> dict[str, str]:
    return {"": what, say("Keras.io example"): keras, say("CAE and DAE here"): ours}
